"""Kingma & Welling's VAE, 784-400-20, batch 128: PyTorch's own example."""

import common

asked = common.options()
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

common.set_threads(asked)
BATCH = 128


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mean, log_var = self.fc21(h), self.fc22(h)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        return self.fc4(F.relu(self.fc3(z))), mean, log_var


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def step(x):
    x = x.view(-1, 784)
    optimizer.zero_grad()
    logits, mean, log_var = model(x)
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    loss = (reconstruction + kl) / len(x)
    loss.backward()
    optimizer.step()
    return loss.item()


common.run(asked, common.images(asked, BATCH, 28), step, BATCH)
