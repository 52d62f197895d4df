#!/usr/bin/env python3
"""Writes the reference numbers of this folder with PyTorch (Debian's python3-torch).

    /usr/bin/python3 tests/golden/make_golden.py

The tests read the JSON files that are committed, so neither Python nor PyTorch is needed to run them.
Everything is computed in double precision. README.md describes the files.
"""
import json
import math
import pathlib
import re

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent


def write(name, document):
    document = {"made_by": "tests/golden/make_golden.py", "torch": torch.__version__, **document}
    # The innermost lists on one line each.
    text = re.sub(r'\[[^][{}"]*\]', lambda row: " ".join(row[0].split()).replace("[ ", "[")
                  .replace(" ]", "]"), json.dumps(document, indent=1)) + "\n"
    assert json.loads(text) == document
    (HERE / f"{name}.json").write_text(text)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(seed, *shape):
    # Six digits, so that the files are short and the inputs exact.
    return torch.round(torch.randn(*shape, generator=generator(seed)) * 1e3) / 1e3


def distributions():
    mean, log_variance = normal(1, 5, 3), normal(2, 5, 3)
    kl = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)

    logits = normal(3, 4, 6) * 3
    logits[0, :4] = torch.tensor([-60.0, 60.0, -60.0, 60.0])
    binary = (normal(4, 4, 6) > 0).double()
    binary[0, :4] = torch.tensor([0.0, 1.0, 1.0, 0.0])
    grey = torch.round(torch.rand(4, 6, generator=generator(5)) * 255) / 255
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits

    x, m, s = normal(6, 4, 5), normal(7, 4, 5), normal(8, 4, 5)
    gaussian = Normal(m, (s / 2).exp()).log_prob(x).sum(1)
    shared = Normal(m, math.exp(-0.7 / 2)).log_prob(x).sum(1)

    values = normal(9, 3, 7) * 100
    write("distributions", {
        "kl_standard_normal": {
            "mean": mean.tolist(), "log_variance": log_variance.tolist(), "kl": kl.tolist()},
        "bernoulli": {
            "logits": logits.tolist(),
            "binary": binary.tolist(),
            "binary_log_prob": Bernoulli(logits=logits).log_prob(binary).sum(1).tolist(),
            "grey": grey.tolist(),
            "grey_log_prob": (-cross_entropy(logits, grey, reduction="none")).sum(1).tolist()},
        "gaussian": {
            "x": x.tolist(), "mean": m.tolist(), "log_variance": s.tolist(),
            "log_prob": gaussian.tolist(),
            "shared_log_variance": -0.7, "shared_log_prob": shared.tolist()},
        "log_mean_exp": {
            "values": values.tolist(), "dim": 1,
            "result": (torch.logsumexp(values, 1) - math.log(7)).tolist()},
    })


def vae():
    """A VAE 4-5-2-5-4 with tanh and Bernoulli pixels; weights are [out, in], as in torch.nn.Linear."""
    shapes = {"encoder_weight": (5, 4), "encoder_bias": (5,), "mean_weight": (2, 5), "mean_bias": (2,),
              "log_variance_weight": (2, 5), "log_variance_bias": (2,), "decoder_weight": (5, 2),
              "decoder_bias": (5,), "logits_weight": (4, 5), "logits_bias": (4,)}
    w = {name: (normal(20 + i, *shape) * 0.5).requires_grad_()
         for i, (name, shape) in enumerate(shapes.items())}
    x = (normal(40, 3, 4) > 0).double()
    epsilon = normal(41, 6, 3, 2)  # [particles, n, latent]

    linear = torch.nn.functional.linear
    h = torch.tanh(linear(x, w["encoder_weight"], w["encoder_bias"]))
    mean = linear(h, w["mean_weight"], w["mean_bias"])
    log_variance = linear(h, w["log_variance_weight"], w["log_variance_bias"])
    deviation = (log_variance / 2).exp()
    z = mean + deviation * epsilon
    logits = linear(torch.tanh(linear(z, w["decoder_weight"], w["decoder_bias"])),
                    w["logits_weight"], w["logits_bias"])
    log_likelihood = Bernoulli(logits=logits).log_prob(x).sum(-1)  # [particles, n]
    kl = kl_divergence(Normal(mean, deviation), Normal(0.0, 1.0)).sum(1)
    elbo = log_likelihood[0] - kl
    log_weight = (log_likelihood + Normal(0.0, 1.0).log_prob(z).sum(-1)
                  - Normal(mean, deviation).log_prob(z).sum(-1))
    importance = torch.logsumexp(log_weight, 0) - math.log(len(epsilon))
    loss = -elbo.mean()
    gradients = dict(zip(w, torch.autograd.grad(loss, list(w.values()))))
    write("vae", {
        "x": x.tolist(), "epsilon": epsilon.tolist(),
        "weights": {name: value.tolist() for name, value in w.items()},
        "mean": mean.tolist(), "log_variance": log_variance.tolist(),
        "logits": logits[0].tolist(), "log_likelihood": log_likelihood[0].tolist(),
        "kl": kl.tolist(), "elbo": elbo.tolist(), "loss": loss.item(),
        "gradients": {name: value.tolist() for name, value in gradients.items()},
        "importance_bound": importance.tolist(),
    })


STEPS = 20
START = normal(50, 7)
CENTRE = normal(51, 7)
FACTOR = normal(52, 7, 7)
MATRIX = torch.round((FACTOR @ FACTOR.T / 7 + 0.1 * torch.eye(7)) * 1e6) / 1e6


def loss_of(p):
    d = p - CENTRE
    return 0.5 * d @ MATRIX @ d + 0.3 * torch.cos(p).sum()


def train(make, clip=None, schedule=None):
    p = START.clone().requires_grad_()
    optimizer = make([p])
    scheduler = schedule(optimizer) if schedule else None
    losses, gradients, parameters, norms = [], [], [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(p)
        loss.backward()
        losses.append(loss.item())
        gradients.append(p.grad.tolist())  # before clipping
        if clip:
            norms.append(torch.nn.utils.clip_grad_norm_([p], clip).item())
        optimizer.step()
        if scheduler:
            scheduler.step()
        parameters.append(p.tolist())
    result = {"losses": losses, "gradients": gradients, "parameters": parameters}
    return {**result, "norms": norms} if clip else result


def optimizers():
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    adam = {"learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.0}
    sgd = {"learning_rate": 0.05, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    chosen = [
        ("adam", "adam", adam),
        ("adam_large_epsilon", "adam", {**adam, "beta1": 0.5, "epsilon": 0.1}),
        ("adam_l2", "adam", {**adam, "weight_decay": 0.1}),
        ("adam_clipped", "adam", {**adam, "clip_norm": 0.5}),
        ("adamw", "adamw", {**adam, "weight_decay": 0.1, "beta2": 0.99}),
        ("sgd", "sgd", sgd),
        ("sgd_l2", "sgd", {**sgd, "weight_decay": 0.1}),
        ("sgd_momentum", "sgd", {**sgd, "momentum": 0.9, "weight_decay": 0.1}),
        ("sgd_nesterov", "sgd", {**sgd, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        ("sgd_momentum_clipped", "sgd", {**sgd, "momentum": 0.9, "clip_norm": 0.5}),
    ]
    cases = []
    for name, kind, settings in chosen:
        own = dict(settings)
        clip = own.pop("clip_norm", None)
        own["lr"] = own.pop("learning_rate")
        if kind != "sgd":
            own["betas"] = (own.pop("beta1"), own.pop("beta2"))
            own["eps"] = own.pop("epsilon")
        run = train(lambda p, k=kind, o=own: kinds[k](p, **o), clip)
        cases.append({"name": name, "optimizer": kind, "settings": settings, **run})

    gradients = [normal(60, 3), normal(61, 2, 2)]
    clipping = []
    for limit in (0.5, 100.0):
        parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in gradients]
        for parameter, g in zip(parameters, gradients):
            parameter.grad = g.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
        clipping.append({"limit": limit, "gradients": [g.tolist() for g in gradients],
                         "norm": norm.item(), "clipped": [q.grad.tolist() for q in parameters]})
    write("optimizers", {
        "loss": "0.5 (p - centre)' matrix (p - centre) + 0.3 sum(cos(p))",
        "start": START.tolist(), "centre": CENTRE.tolist(), "matrix": MATRIX.tolist(),
        "steps": STEPS, "cases": cases, "clipping": clipping})


def schedules():
    from torch.optim import lr_scheduler as s
    steps, base = 24, 0.1
    chosen = [
        ("constant", {}, lambda o: s.LambdaLR(o, lambda step: 1.0)),
        ("cosine", {"total": 20, "final_factor": 0.0}, lambda o: s.CosineAnnealingLR(o, 20)),
        ("cosine", {"total": 24, "final_factor": 0.1},
         lambda o: s.CosineAnnealingLR(o, 24, eta_min=base * 0.1)),
        ("step", {"every": 7, "factor": 0.5}, lambda o: s.StepLR(o, 7, 0.5)),
        ("exponential", {"factor": 0.9}, lambda o: s.ExponentialLR(o, 0.9)),
        ("linear_warmup", {"warmup": 8, "start_factor": 0.1},
         lambda o: s.LinearLR(o, 0.1, 1.0, 8)),
        ("linear_warmup_cosine", {"warmup": 4, "start_factor": 0.2, "total": 24, "final_factor": 0.0},
         lambda o: s.SequentialLR(o, [s.LinearLR(o, 0.2, 1.0, 4), s.CosineAnnealingLR(o, 20)], [4])),
    ]
    cases = []
    for kind, settings, make in chosen:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
        schedule = make(optimizer)
        rates = []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        # CosineAnnealingLR turns up again after T_max; the schedule proper ends there.
        keep = settings.get("total", steps)
        cases.append({"schedule": kind, "base": base, "settings": settings, "rates": rates[:keep]})
    write("schedules", {"cases": cases})


if __name__ == "__main__":
    distributions()
    vae()
    optimizers()
    schedules()
