"""`mcdenoise.combine`: several denoisers and their noisy input as one picture, judged by the noise itself.

The realizations are split into folds. What a denoiser makes of all other folds is held against the fold that it did not
see: on average nearer to it means nearer to the truth. That gives the weights of the denoisers (`stacking`), how much
of the input to put back (`residual`), and the error of the result (`error_estimate`), without a reference.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mcdenoise.frame import Frame, mean_frame
from mcdenoise.inference.band_stacking import BandWeights
from mcdenoise.inference.error_estimate import Jackknife
from mcdenoise.inference.repair import finite_radiance
from mcdenoise.inference.residual import Shares, band_weights, bands, join
from mcdenoise.inference.stacking import GRID, products, stack
from mcdenoise.inference.windows import enlarge, shrink
from mcdenoise.tonemap import exposure

_log = logging.getLogger(__name__)

Denoise = Callable[[np.ndarray, np.ndarray | None, np.ndarray | None], Any]
"""From (color, albedo, normal), each `[H, W, 3]` float32 (features may be None), to denoised radiance `[H, W, 3]`."""

_DARK = 0.1  # keeps relative deviations finite, as in relMSE; of a picture exposed to a log-average of 0.18
_FIREFLY_STACKING = 3.0  # times the brightness of a pixel: deviations above that count as much as that, and less
_FIREFLY_RESIDUAL = 30.0
_BRIGHTEST = 1e12
# Of the result: the mean of what was made of some of the realizations, for denoisers err otherwise on each input.
_AVERAGED = 0.25
_ROWS = 128  # of the picture at once where there is one map for every pair of denoisers


@dataclass(frozen=True)
class Combined:
    """A picture made of several denoisers and their input.

    radiance: `[H, W, 3]`, linear, float32, finite and not negative. error: `[H, W]`, the expected squared error of each
    pixel, mean over channels, in units of radiance squared. relmse: the estimated relative mean squared error of the
    whole picture, weighted by the result as in `evaluation.reference_free.relmse_cross`. weights: `[n]`, mean weight of
    each denoiser; they sum to 1. kept: mean share of what the denoisers changed that was put back from the input, by
    band, finest detail first; 1 everywhere means that the result is the input.
    """

    radiance: np.ndarray
    error: np.ndarray
    relmse: float
    weights: np.ndarray
    kept: np.ndarray


@dataclass(frozen=True)
class _Fold:
    """Some of the realizations, the others, and the part of all samples that the former have.

    Means are made anew each time: at 4K each takes 100 MB.
    """

    inside: list[Frame]
    outside: list[Frame]
    part: float
    scale: float

    def mean(self) -> Tensor:
        """`[3, H, W]`, exposed."""
        return _planes(_mean(self.inside).radiance, self.scale)

    def rest(self) -> Frame:
        """The mean of the others."""
        return _mean(self.outside)


def combine(frames: Sequence[Frame], denoisers: Sequence[Denoise], *, folds: int = 4) -> Combined:
    """The best picture that these denoisers and the input give together, and how wrong it is; no reference is needed.

    frames: K >= 2 independent realizations of one view, of one size; their weights are their `spp` attributes, where
    all have one. Pixels that are NaN or Inf take the median of their neighbours, negative radiance counts as zero.
    denoisers: callables on (color, albedo, normal), each `[H, W, 3]` float32, that return `[H, W, 3]`; each is called
    once for the mean of all frames and once for each of min(K, folds) groups left out. A denoiser that is worse than
    the others gets no weight, wherever that can be told from noise.
    Raises ValueError if there are fewer than two frames or no denoiser, if one cannot be called, if sizes differ, if
    two frames are the same render, if a frame has no finite pixel, or if a denoiser returns another size.
    """
    frames, part = _checked(frames, denoisers, folds)
    whole = mean_frame(frames)
    if all(np.array_equal(frame.radiance, frames[0].radiance) for frame in frames):
        return _unchanged(whole, len(denoisers))  # `_checked` let this pass only where all pixels are the same
    scale = exposure(whole.radiance)
    splits = _folds(frames, part, folds, scale)
    mean = _planes(whole.radiance, scale)
    size = tuple(mean.shape[1:])
    brightest = max(float(fold.mean().max()) for fold in splits)

    candidates = _run(denoisers, whole, scale, brightest, torch.float32)
    del whole
    centre = _middle(candidates)
    relative = 1 / torch.hypot(centre, torch.tensor(_DARK))
    away = torch.full(size, 1e-20)
    for fold in splits:
        away = torch.maximum(away, (fold.mean() - centre).mean(0).abs())
    normal = (centre.mean(0) + _DARK / 2) / away  # small at fireflies
    del centre, away

    held = []
    gram = 0.0
    weight = relative * (_FIREFLY_STACKING * normal).clamp(max=1)
    for fold in splits:
        held.append(_run(denoisers, fold.rest(), scale, brightest, torch.float16))
        gram += _gram(held[-1], fold.mean(), weight).mul_(fold.part)
    weights = stack(gram)
    del gram
    by_band = BandWeights(weight)
    for fold, of_rest in zip(splits, held, strict=True):
        by_band.add(of_rest, fold.mean(), fold.part)
    by_band.solve(weights)
    shares_of_denoisers = weights.mean((1, 2)).numpy()
    weights = enlarge(weights, GRID, size)
    stacked = by_band.mix(candidates, weights)
    spread = sum(w * ((c - stacked) ** 2).mean(0) for w, c in zip(weights, candidates, strict=True))
    del candidates
    for index, fold_candidates in enumerate(held):
        held[index] = by_band.mix(fold_candidates, weights).half()
    del weights, by_band
    stacked *= 1 - _AVERAGED
    for fold, of_rest in zip(splits, held, strict=True):  # so weighted, the inputs' mean is that of all frames
        stacked += _AVERAGED * (1 - fold.part) / (len(splits) - 1) * of_rest

    weight = (relative * (_FIREFLY_RESIDUAL * normal).clamp(max=1)) ** 2
    per_band = band_weights(weight)
    shares = Shares()
    for fold, of_rest in zip(splits, held, strict=True):
        inside = fold.mean()
        own = bands((mean - fold.part * inside) / (1 - fold.part) - of_rest, weight)
        shares.add(own, bands(inside - of_rest, weight), per_band, fold.part)
    noise_ratio = 1 - sum(fold.part**2 for fold in splits)
    kept, optimism = shares.solve(noise_ratio, size)
    result = (stacked + join(bands(mean - stacked, weight), kept)).clamp(min=0)

    del own, stacked, per_band, shares
    estimate = Jackknife(len(splits), mean, result)
    for fold, of_rest in zip(splits, held, strict=True):
        inside = fold.mean()
        rest = (mean - fold.part * inside) / (1 - fold.part)
        estimate.add(inside, (of_rest + join(bands(rest - of_rest, weight), kept)).clamp(min=0), fold.part)
    del inside, rest, of_rest, held, weight
    optimism = optimism / (3 * relative.mean(0) ** 2)
    error, relmse = estimate.solve(optimism, spread, relative.mean(0), _DARK**2, scale)
    return Combined(
        np.ascontiguousarray((result / scale).permute(1, 2, 0).numpy()),
        error,
        relmse,
        shares_of_denoisers,
        np.array([float(share.mean()) for share in kept], np.float32),
    )


def _checked(frames: Sequence[Frame], denoisers: Sequence[Denoise], folds: int) -> tuple[list[Frame], list[float]]:
    """The frames with finite radiance, and each one's part of all samples; raises ValueError."""
    if not all(isinstance(frame, Frame) for frame in frames):
        raise ValueError("frames must be Frames, as mcdenoise.read_frame gives them")
    if len(frames) < 2:
        raise ValueError(f"combining needs at least two independent realizations of the view, not {len(frames)}")
    if callable(denoisers) or not all(map(callable, denoisers)):
        raise ValueError("denoisers must be a list of callables, as [Denoiser().denoise]")
    if not denoisers:
        raise ValueError("combining needs at least one denoiser")
    if folds < 2:
        raise ValueError(f"folds must be at least 2, not {folds}")
    sizes = sorted({frame.size for frame in frames})
    if len(sizes) > 1 or 0 in sizes[0]:
        raise ValueError(f"realizations of one view must have one size with pixels, not {sizes}")
    repaired = []
    for index, frame in enumerate(frames):
        finite = np.isfinite(frame.radiance).all(axis=2)
        if not finite.any():
            raise ValueError(f"frame {index} has no finite pixel")
        if not finite.all():
            _log.warning("frame %d: %d pixels are not finite and take their neighbours' median", index, (~finite).sum())
        sane = finite.all() and frame.radiance.min() >= 0 and frame.radiance.dtype == np.float32
        radiance = frame.radiance if sane else finite_radiance(torch.from_numpy(frame.radiance)).numpy()
        for other, earlier in enumerate(repaired):
            if np.array_equal(earlier.radiance, radiance) and np.ptp(radiance, axis=(0, 1)).any():
                raise ValueError(f"frames {other} and {index} are the same render: give independent realizations")
        repaired.append(Frame(radiance, frame.albedo, frame.normal, None, frame.attributes))
    spp = [frame.attributes.get("spp") for frame in frames]
    known = all(isinstance(value, int | float) and value > 0 for value in spp)
    samples = [float(value) for value in spp] if known else [1.0] * len(frames)
    return repaired, [count / sum(samples) for count in samples]


def _folds(frames: list[Frame], part: list[float], folds: int, scale: float) -> list[_Fold]:
    """min(K, folds) of them, each with every so manieth frame."""
    count = min(len(frames), folds)
    splits = []
    for first in range(count):
        inside = range(first, len(frames), count)
        outside = [frame for index, frame in enumerate(frames) if index not in inside]
        splits.append(_Fold([frames[index] for index in inside], outside, sum(part[index] for index in inside), scale))
    return splits


def _mean(frames: list[Frame]) -> Frame:
    return frames[0] if len(frames) == 1 else mean_frame(frames)


def _unchanged(whole: Frame, denoisers: int) -> Combined:
    height, width = whole.radiance.shape[:2]
    equal = np.full(denoisers, 1 / denoisers, np.float32)
    return Combined(
        whole.radiance, np.zeros((height, width), np.float32), 0.0, equal, np.ones(Shares.COUNT, np.float32)
    )


def _run(denoisers: Sequence[Denoise], frame: Frame, scale: float, brightest: float, dtype: torch.dtype) -> Tensor:
    """What the denoisers make of a frame, `[n, 3, H, W]`: finite, and no brighter than any realization."""
    limit = min(brightest, torch.finfo(dtype).max)
    results = torch.empty(len(denoisers), 3, *frame.radiance.shape[:2], dtype=dtype)
    for index, denoise in enumerate(denoisers):
        denoised = np.asarray(denoise(frame.radiance, frame.albedo, frame.normal), dtype=np.float32)
        if denoised.shape != frame.radiance.shape:
            raise ValueError(f"denoiser {index} returned {denoised.shape} for a picture of {frame.radiance.shape}")
        invalid = ~np.isfinite(denoised).all(axis=2)
        if invalid.any():
            _log.warning("denoiser %d: %d pixels are not finite; its input stands in", index, invalid.sum())
            denoised = np.where(invalid[..., None], frame.radiance, denoised)
        results[index] = _planes(denoised, scale).clamp(0, limit)
    return results


def _planes(radiance: np.ndarray, scale: float) -> Tensor:
    """`[H, W, 3]` as an exposed tensor `[3, H, W]`, whose squares stay finite."""
    return (torch.from_numpy(radiance).permute(2, 0, 1).contiguous() * scale).clamp(max=_BRIGHTEST)


def _middle(candidates: Tensor) -> Tensor:
    """The median of `[n, 3, H, W]` over n: one denoiser that blows up does not move it far."""
    count = len(candidates)
    middle = torch.empty(candidates.shape[1:])
    for row in _rows(candidates):
        ordered = candidates[:, :, row].sort(dim=0).values
        middle[:, row] = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    return middle


def _gram(candidates: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """`products` on stacking's grid, some rows at a time."""
    parts = []
    for row in _rows(target):
        parts.append(shrink(products(candidates[:, :, row], target[:, row], weight[:, row]), GRID))
    return torch.cat(parts, dim=-2)


def _rows(planes: Tensor) -> list[slice]:
    return [slice(top, top + _ROWS) for top in range(0, planes.shape[-2], _ROWS)]
