"""A recurrent autoencoder: LSTM of 128 units there and back over 140 time steps, batch 64."""

import common

asked = common.options()
import torch  # noqa: E402
from torch import nn  # noqa: E402

common.set_threads(asked)
BATCH, LENGTH, WIDTH, CODE = 64, 140, 128, 16


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(1, WIDTH, batch_first=True)
        self.code = nn.Linear(WIDTH, CODE)
        self.start = nn.Linear(CODE, 2 * WIDTH)
        self.decoder = nn.LSTM(CODE, WIDTH, batch_first=True)
        self.out = nn.Linear(WIDTH, 1)

    def forward(self, x):
        _, (h, _) = self.encoder(x)
        code = self.code(h[-1])
        h, c = self.start(code).unsqueeze(0).chunk(2, 2)
        written, _ = self.decoder(code[:, None].expand(-1, x.shape[1], -1), (h.tanh().contiguous(), c.contiguous()))
        return self.out(written).flip(1)


model = Recurrent()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def step(x):
    optimizer.zero_grad()
    loss = (model(x) - x).square().sum((1, 2)).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


common.run(asked, common.InMemory(torch.randn(2000, LENGTH, 1), BATCH), step, BATCH)
