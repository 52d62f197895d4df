"""64 images of 32x32 by DDIM in 50 steps from the untrained network of unet.py; timed as a whole process."""

import sys

import torch

import unet

torch.manual_seed(1)
if unet.asked.threads > 0:
    torch.set_num_threads(unet.asked.threads)
unet.model.eval()
with torch.no_grad():
    x = torch.randn(64, 1, 32, 32)
    times = torch.linspace(unet.STEPS - 1, 0, 50).long().tolist()
    for t, after in zip(times, times[1:] + [-1]):
        noise = unet.model(x, torch.full((64,), float(t)))
        a, b = unet.alpha_bar[t], unet.alpha_bar[after] if after >= 0 else torch.tensor(1.0)
        example = ((x - (1 - a).sqrt() * noise) / a.sqrt()).clamp(-1, 1)
        x = b.sqrt() * example + (1 - b).sqrt() * noise
sys.stdout.write(f"{float(x.mean())}\n")
