"""RealNVP of vectors, batch 256: --dim 2 with nets of 128 units, --dim 64 with nets of 256."""

import sys

import common

DIM = 2
if "--dim" in sys.argv:
    at = sys.argv.index("--dim")
    DIM = int(sys.argv[at + 1])
    del sys.argv[at : at + 2]
asked = common.options()
import math  # noqa: E402

import torch  # noqa: E402
from torch import nn  # noqa: E402

common.set_threads(asked)
BATCH, COUPLINGS = 256, 8
WIDTH = 128 if DIM == 2 else 256


def net():
    return nn.Sequential(nn.Linear(DIM, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, DIM))


class Coupling(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)
        self.s, self.t = net(), net()

    def forward(self, x):
        kept = self.mask * x
        s = torch.tanh(self.s(kept)) * (1 - self.mask)
        t = self.t(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * (x * torch.exp(s) + t), s.sum(1)


masks = [(torch.arange(DIM) % 2 == i % 2).float() for i in range(COUPLINGS)]
model = nn.ModuleList([Coupling(mask) for mask in masks])
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def step(x):
    optimizer.zero_grad()
    log_det = 0
    for coupling in model:
        x, one = coupling(x)
        log_det = log_det + one
    log_p = -0.5 * (x.square() + math.log(2 * math.pi)).sum(1) + log_det
    loss = -log_p.mean()
    loss.backward()
    optimizer.step()
    return loss.item()


common.run(asked, common.InMemory(torch.randn(20000, DIM), BATCH), step, BATCH)
