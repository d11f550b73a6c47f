"""What the notebooks that train on MNIST share: augmentation, a float teacher, the training loop, rounding that gradients pass."""

import math
import time

import torch
import torch.nn.functional as F


def augment(pixels, generator, strength, elastic):
    """A small random affine map and elastic distortion of each image [n, 1, 28, 28].

    `strength`: rotation in degrees, relative scaling, shift in pixels, relative shear. `elastic`: standard deviation in pixels of
    a smooth random displacement (Simard et al., 2003).
    """
    rotation, scaling, shift, stretch = strength
    n = len(pixels)
    r = torch.rand(n, 6, generator=generator) * 2 - 1
    angle = r[:, 0] * math.radians(rotation)
    scale_x, scale_y, shear = 1 + r[:, 1] * scaling, 1 + r[:, 2] * scaling, r[:, 3] * stretch
    top = torch.stack([angle.cos() * scale_x, -angle.sin() * scale_y + shear, r[:, 4] * shift / 14], 1)
    bottom = torch.stack([angle.sin() * scale_x, angle.cos() * scale_y, r[:, 5] * shift / 14], 1)
    grid = F.affine_grid(torch.stack([top, bottom], 1), (n, 1, 28, 28), align_corners=False)
    coarse = torch.randn(n, 2, 5, 5, generator=generator) * (elastic / 14)
    smooth = F.interpolate(coarse, (28, 28), mode="bicubic", align_corners=True)
    return F.grid_sample(pixels, grid + smooth.permute(0, 2, 3, 1), mode="bilinear", align_corners=False)


def teacher_network(maps=24):
    """A ReLU network of the usual kind, which sees the images unrounded."""

    def layer(i, o, kernel=3, stride=1):
        convolution = torch.nn.Conv2d(i, o, kernel, stride=stride, padding=1, bias=False)
        return convolution, torch.nn.BatchNorm2d(o), torch.nn.ReLU()

    return torch.nn.Sequential(
        *layer(1, maps, 4, 2), *layer(maps, maps), *layer(maps, 2 * maps, 3, 2), *layer(2 * maps, 2 * maps),
        *layer(2 * maps, 2 * maps), torch.nn.Flatten(), torch.nn.Dropout(0.3), torch.nn.Linear(2 * maps * 49, 10),
    )  # fmt: skip


def rounded(x):
    """round(x), with the gradient of x ("straight-through")."""
    return x + (x.round() - x).detach()


@torch.no_grad()
def in_batches(function, pixels, size=1000):
    return torch.cat([function(pixels[k : k + size]) for k in range(0, len(pixels), size)])


def run_epochs(network, loss, samples, epochs, rate, batch, weight_decay, generator, report, mode=True):
    """AdamW with a one-cycle rate; gradients clipped at 1, as products of squares have heavy-tailed ones.

    `loss`: of a batch, from the indices of its samples. `report`: called with an epoch's number, mean loss and the seconds so
    far, in evaluation mode. `mode`: as of `network.train` for training.
    """
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim == 1]
    groups = [dict(params=matrices, weight_decay=weight_decay), dict(params=vectors, weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, lr=rate)
    batches = samples // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=batches * epochs, pct_start=0.1)
    started = time.time()
    for epoch in range(1, epochs + 1):
        network.train(mode)
        order = torch.randperm(samples, generator=generator)
        total = 0.0
        for k in range(batches):
            value = loss(order[k * batch : (k + 1) * batch])
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += value.item()
        network.eval()
        report(epoch, total / batches, time.time() - started)
