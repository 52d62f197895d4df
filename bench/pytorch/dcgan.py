"""DCGAN of 32x32 grey images, 64 feature maps, batch 128: one step of the discriminator and one of the generator."""

import common

asked = common.options()
import torch  # noqa: E402
from torch import nn  # noqa: E402

common.set_threads(asked)
BATCH, Z, MAPS = 128, 100, 64


def down(a, b, norm=True):
    return [nn.Conv2d(a, b, 4, 2, 1, bias=not norm)] + ([nn.BatchNorm2d(b)] if norm else []) + [nn.LeakyReLU(0.2, True)]


def up(a, b, stride=2, padding=1):
    return [nn.ConvTranspose2d(a, b, 4, stride, padding, bias=False), nn.BatchNorm2d(b), nn.ReLU(True)]


generator = nn.Sequential(
    *up(Z, 4 * MAPS, 1, 0), *up(4 * MAPS, 2 * MAPS), *up(2 * MAPS, MAPS), nn.ConvTranspose2d(MAPS, 1, 4, 2, 1), nn.Tanh()
)
discriminator = nn.Sequential(
    *down(1, MAPS, norm=False), *down(MAPS, 2 * MAPS), *down(2 * MAPS, 4 * MAPS), nn.Conv2d(4 * MAPS, 1, 4, 1, 0)
)
of_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
of_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
loss_of = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(BATCH), torch.zeros(BATCH)


def step(x):
    x = 2 * x - 1
    discriminator.zero_grad()
    true_loss = loss_of(discriminator(x).view(-1), ones)
    true_loss.backward()
    made = generator(torch.randn(BATCH, Z, 1, 1))
    made_loss = loss_of(discriminator(made.detach()).view(-1), zeros)
    made_loss.backward()
    of_d.step()
    generator.zero_grad()
    loss = loss_of(discriminator(made).view(-1), ones)
    loss.backward()
    of_g.step()
    return loss.item()


common.run(asked, common.images(asked, BATCH, 32), step, BATCH)
