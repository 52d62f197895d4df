"""A deep autoencoder, 784-1000-500-250-30, batch 256."""

import common

asked = common.options()
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

common.set_threads(asked)
BATCH = 256


def layers(sizes):
    out = []
    for a, b in zip(sizes, sizes[1:]):
        out += [nn.Linear(a, b), nn.SiLU()]
    return nn.Sequential(*out[:-1])


SIZES = [784, 1000, 500, 250, 30]
model = nn.Sequential(layers(SIZES), layers(SIZES[::-1]))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def step(x):
    x = x.view(-1, 784)
    optimizer.zero_grad()
    loss = F.binary_cross_entropy_with_logits(model(x), x, reduction="sum") / len(x)
    loss.backward()
    optimizer.step()
    return loss.item()


common.run(asked, common.images(asked, BATCH, 28), step, BATCH)
