"""DDPM of 32x32 grey images, batch 64: U-Net of 32 channels times 1, 2, 2, one residual block a level, attention at 8x8."""

import common

asked = common.options()
import math  # noqa: E402

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

common.set_threads(asked)
BATCH, BASE, MULTIPLIERS, STEPS, TIME, GROUPS = 64, 32, (1, 2, 2), 1000, 128, 8


class Block(nn.Module):
    def __init__(self, a, b, heads=0):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(GROUPS, a), nn.Conv2d(a, b, 3, padding=1)
        self.shift = nn.Linear(TIME, b)
        self.norm2, self.conv2 = nn.GroupNorm(GROUPS, b), nn.Conv2d(b, b, 3, padding=1)
        self.skip = nn.Conv2d(a, b, 1) if a != b else nn.Identity()
        self.attention = Attention(b, heads) if heads else nn.Identity()

    def forward(self, x, t):
        h = self.conv1(F.silu(self.norm1(x))) + self.shift(t)[:, :, None, None]
        return self.attention(self.skip(x) + self.conv2(F.silu(self.norm2(h))))


class Attention(nn.Module):
    def __init__(self, c, heads):
        super().__init__()
        self.norm, self.heads = nn.GroupNorm(GROUPS, c), heads
        self.qkv, self.out = nn.Conv2d(c, 3 * c, 1), nn.Conv2d(c, c, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n * self.heads, 3 * c // self.heads, h * w).chunk(3, 1)
        a = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(c / self.heads), 2)
        return x + self.out((v @ a.transpose(1, 2)).reshape(n, c, h, w))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [BASE * m for m in MULTIPLIERS]
        heads = [0] * (len(widths) - 1) + [4]
        self.embed = nn.Sequential(nn.Linear(BASE, TIME), nn.SiLU(), nn.Linear(TIME, TIME))
        self.first = nn.Conv2d(1, BASE, 3, padding=1)
        self.down, self.halve = nn.ModuleList(), nn.ModuleList()
        self.up, self.refine = nn.ModuleList(), nn.ModuleList()
        at, skips = BASE, [BASE]
        for i, width in enumerate(widths):
            self.down.append(Block(at, width, heads[i]))
            skips.append(at := width)
            if i + 1 < len(widths):
                self.halve.append(nn.Conv2d(width, width, 3, 2, 1))
                skips.append(width)
        self.middle1, self.middle2 = Block(at, at, heads[-1]), Block(at, at)
        for i, width in reversed(list(enumerate(widths))):
            first = Block(at + skips.pop(), width, heads[i])
            self.up.append(nn.ModuleList([first, Block(width + skips.pop(), width, heads[i])]))
            at = width
            if i > 0:
                self.refine.append(nn.Conv2d(width, width, 3, padding=1))
        self.norm, self.last = nn.GroupNorm(GROUPS, at), nn.Conv2d(at, 1, 3, padding=1)

    def forward(self, x, t):
        frequencies = torch.exp(-math.log(10000) * torch.arange(BASE // 2) / (BASE // 2 - 1))
        angles = t[:, None] * frequencies
        t = F.silu(self.embed(torch.cat([angles.sin(), angles.cos()], 1)))
        h = self.first(x)
        skips = [h]
        for i, block in enumerate(self.down):
            skips.append(h := block(h, t))
            if i < len(self.halve):
                skips.append(h := self.halve[i](h))
        h = self.middle2(self.middle1(h, t), t)
        for i, blocks in enumerate(self.up):
            for block in blocks:
                h = block(torch.cat([h, skips.pop()], 1), t)
            if i < len(self.refine):
                h = self.refine[i](F.interpolate(h, scale_factor=2, mode="nearest"))
        return self.last(F.silu(self.norm(h)))


model = UNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)
alpha_bar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, STEPS), 0)


def step(x):
    x = 2 * x - 1
    t = torch.randint(0, STEPS, (len(x),))
    noise = torch.randn_like(x)
    a = alpha_bar[t][:, None, None, None]
    optimizer.zero_grad()
    loss = F.mse_loss(model(a.sqrt() * x + (1 - a).sqrt() * noise, t.float()), noise)
    loss.backward()
    optimizer.step()
    return loss.item()


if __name__ == "__main__":
    common.run(asked, common.images(asked, BATCH, 32), step, BATCH)
