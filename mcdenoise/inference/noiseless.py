"""What has no noise stays as it is: where denoising would change next to nothing, the input is the better result.

Surroundings seen directly, lamps and skies are exact from the first sample on, and so is everything at thousands of
samples. A network cannot know that for certain, and softens their detail a little; but the less noise there is, the
less it changes, and that can be seen.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mcdenoise.networks.host_rows import compiled, in_threads

KEPT, DENOISED = 0.02, 0.04
"""Root mean square of the relative changes around a pixel: up to the first it stays as it was, from the second on it is
as the network has it; in between it is a blend."""

REACH = 4
"""How far around: windows of 9 x 9 pixels."""

_DARKEST = 0.01  # at middle grey: what is darker than that changes relative to that
_MOST = 5.0  # a firefly counts as this


def keep_noiseless(radiance: Tensor, denoised: Tensor, scale: float | Tensor) -> Tensor:
    """`denoised`, changed in place to `radiance` where the two hardly differ: `[H, W, 3]`, contiguous, finite.

    scale: what brings radiance to middle grey. Changes are relative to the mean of the denoised channels.
    """
    if denoised.device.type != "cpu":
        return _keep_on_device(radiance, denoised, scale)
    dark = np.float32(_DARKEST / float(scale))
    height, width = denoised.shape[:2]
    changes = np.empty((height, width), np.float32)
    arrays = radiance.numpy(), denoised.numpy(), changes, dark
    for one_pass in (_sum_rows, _blend_rows):
        in_threads(one_pass, arrays, height, height * width, torch.get_num_threads())
    return denoised


def _keep_on_device(radiance: Tensor, denoised: Tensor, scale: float | Tensor) -> Tensor:
    brightness = denoised.mean(dim=2, keepdim=True) + _DARKEST / scale
    change = ((radiance - denoised) / brightness).clamp(-_MOST, _MOST).square().mean(dim=2)[None, None]
    side = 2 * REACH + 1
    for window in ((side, 1), (1, side)):
        padding = tuple(one // 2 for one in window)
        change = F.avg_pool2d(change, window, 1, padding, count_include_pad=False)
    share = ((DENOISED - change[0, 0].sqrt()) / (DENOISED - KEPT)).clamp(0, 1)
    return denoised.lerp_(radiance, share[..., None])


@compiled
def _sum_rows(radiance, denoised, changes, dark, start, end):
    """changes: for each pixel the mean of squared changes over the pixels of its row that are near."""
    width = changes.shape[1]
    most = np.float32(_MOST)
    row = np.empty(width, np.float64)
    for y in range(start, end):
        before, after = radiance[y].ravel(), denoised[y].ravel()
        for x in range(width):
            a, b, c = after[3 * x], after[3 * x + 1], after[3 * x + 2]
            factor = np.float32(1) / ((a + b + c) / np.float32(3) + dark)
            r = min(max((before[3 * x] - a) * factor, -most), most)
            g = min(max((before[3 * x + 1] - b) * factor, -most), most)
            s = min(max((before[3 * x + 2] - c) * factor, -most), most)
            row[x] = (r * r + g * g + s * s) / np.float32(3)
        total = 0.0
        for x in range(min(REACH, width)):
            total += row[x]
        for x in range(width):
            if x + REACH < width:
                total += row[x + REACH]
            if x > REACH:
                total -= row[x - REACH - 1]
            changes[y, x] = total / (min(x + REACH, width - 1) - max(x - REACH, 0) + 1)


@compiled
def _blend_rows(radiance, denoised, changes, dark, start, end):
    height, width = changes.shape
    total = np.empty(width, np.float32)
    for y in range(start, end):
        first, last = max(y - REACH, 0), min(y + REACH, height - 1)
        total[:] = 0
        for near in range(first, last + 1):
            total += changes[near]
        before, after = radiance[y].ravel(), denoised[y].ravel()
        for x in range(width):
            change = np.sqrt(max(total[x], np.float32(0)) / (last - first + 1))
            share = np.float32(min(max((DENOISED - change) / (DENOISED - KEPT), 0.0), 1.0))
            if share > 0:
                for c in range(3 * x, 3 * x + 3):
                    after[c] += share * (before[c] - after[c])
