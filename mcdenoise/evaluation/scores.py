"""What is measured of a denoised picture, with references and without, and how certain it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mcdenoise.errors import McdenoiseError
from mcdenoise.evaluation import metrics
from mcdenoise.evaluation.bootstrap import BLOCK, interval, resampled_means
from mcdenoise.tonemap import tonemap

_FEWEST_BLOCKS = 8

Kind = Literal["halves", "reference", "estimate"]
KINDS: dict[Kind, str] = {
    "halves": "against two reference halves, whose own noise cancels",
    "reference": "against the reference, whose own noise counts as error",
    "estimate": "estimated from other realizations, without a reference",
}


@dataclass(frozen=True)
class Metric:
    """name: as tables show it. combine: how views are averaged. explanation: one sentence."""

    name: str
    better: Literal["lower", "higher"]
    combine: Literal["geometric", "arithmetic"]
    explanation: str


METRICS = (
    Metric(
        "relMSE",
        "lower",
        "geometric",
        "Squared error relative to the squared truth + 0.01; views as geometric mean where all are above zero.",
    ),
    Metric(
        "MSE",
        "lower",
        "geometric",
        "Squared error of linear radiance at middle grey; views as geometric mean where all are above zero.",
    ),
    Metric("PSNR", "higher", "arithmetic", "Peak signal-to-noise ratio in dB after (v / (1 + v))^(1/2.2)."),
    Metric("SMAPE", "lower", "arithmetic", "|y - r| / (|y| + |r| + 0.01) of linear radiance at middle grey."),
    Metric("SSIM", "higher", "arithmetic", "Structural similarity after the same tonemapping."),
    Metric("FLIP", "lower", "arithmetic", "HDR-FLIP: how much it differs to the eye, at 67 pixels a degree."),
    Metric(
        "relMSE est.",
        "lower",
        "arithmetic",  # an estimate may be negative
        "relMSE measured against other noisy realizations: true on average, noisier than with a reference.",
    ),
    Metric("MSE est.", "lower", "arithmetic", "MSE measured against other noisy realizations, likewise."),
)
BY_NAME = {metric.name: metric for metric in METRICS}


@dataclass(frozen=True)
class Score:
    """value of one metric, with the middle 95% of its draws over blocks of pixels, and the draws `[n]` themselves.

    low, high, draws: None where a metric is not the mean over a map.
    """

    value: float
    kind: Kind
    low: float | None = None
    high: float | None = None
    draws: np.ndarray | None = None


@dataclass(frozen=True)
class Scored:
    """scores: by metric. maps: error of each pixel `[H, W]`, of `relMSE` and `FLIP`, or `relMSE est.`."""

    scores: dict[str, Score]
    maps: dict[str, np.ndarray]


def score(
    image: np.ndarray,
    references: Sequence[np.ndarray],
    others: Sequence[np.ndarray],
    weight: np.ndarray | None,
    wanted: Sequence[str],
) -> Scored:
    """Measure `image` by what there is; all pictures `[H, W, 3]`, linear radiance brought to middle grey alike.

    references: two independent halves, or one, or none. others: realizations that are independent of the image and of
    each other; of fewer than two nothing can be estimated. weight: `[H, W, 3]`, of squared errors in `relMSE est.`; it
    must not depend on `others`, and is None with fewer than two. wanted: names of METRICS.
    """
    scores: dict[str, Score] = {}
    maps: dict[str, np.ndarray] = {}

    def keep(
        name: str, errors: np.ndarray, kind: Kind, finish: Callable[[np.ndarray], np.ndarray] = np.asarray
    ) -> None:
        # The same seed for every method: their intervals then come from the same blocks.
        draws = finish(resampled_means(errors, np.random.default_rng(0)))
        value = float(finish(np.mean(errors, dtype=np.float64)))
        few = errors.size < _FEWEST_BLOCKS * BLOCK**2  # an interval would say nothing
        scores[name] = Score(value, kind) if few else Score(value, kind, *interval(draws), draws)

    image = image.astype(np.float64)
    if references:
        first, last = references[0].astype(np.float64), references[-1].astype(np.float64)
        truth = (first + last) / 2
        kind: Kind = "halves" if len(references) == 2 else "reference"
        squared = (image - first) * (image - last)
        if "relMSE" in wanted:
            maps["relMSE"] = (squared / (truth**2 + metrics.EPSILON)).mean(axis=2)
            keep("relMSE", maps["relMSE"], kind)
        if "MSE" in wanted:
            keep("MSE", squared.mean(axis=2), kind)
        if "PSNR" in wanted:
            errors = ((tonemap(image) - tonemap(truth)) ** 2).mean(axis=2)
            keep("PSNR", errors, "reference", _decibels)
        if "SMAPE" in wanted:
            total = np.abs(image) + np.abs(truth) + metrics.EPSILON
            keep("SMAPE", (np.abs(image - truth) / total).mean(axis=2), "reference")
        if "SSIM" in wanted and min(image.shape[:2]) >= 11:
            keep("SSIM", metrics.ssim_map(image, truth), "reference")
        if "FLIP" in wanted:
            maps["FLIP"] = metrics.flip(image, truth)
            keep("FLIP", maps["FLIP"], "reference")
    if len(others) >= 2 and weight is not None:
        squared = _estimated_squares(image, others)
        if "relMSE est." in wanted:
            maps["relMSE est."] = (squared * weight).mean(axis=2)
            keep("relMSE est.", maps["relMSE est."], "estimate")
        if "MSE est." in wanted:
            keep("MSE est.", squared.mean(axis=2), "estimate")
    return Scored(scores, maps)


def _decibels(error: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return -10 * np.log10(error)


def estimate_weight(images: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
    """The weight of squared errors in `relMSE est.`, the same for all pictures that are compared, `[H, W, 3]`.

    1 / (d^2 + 0.01) for the picture d of `images` that seems nearest to the truth: so it is near the truth's weight,
    but hangs on the realizations `others` only by which picture it is, and expectations stay true.
    """
    images = [image.astype(np.float64) for image in images]
    middle = 1 / (np.median(np.stack(images), axis=0) ** 2 + metrics.EPSILON)
    errors = [np.mean(_estimated_squares(image, others) * middle) for image in images]
    return 1 / (images[int(np.argmin(errors))] ** 2 + metrics.EPSILON)


def _estimated_squares(image: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """Mean over all pairs of (y - x_j)(y - x_k): each has the true squared error as expectation."""
    total = squares = np.zeros_like(image)
    for other in others:
        difference = image - other
        total, squares = total + difference, squares + difference**2
    return (total**2 - squares) / (len(others) * (len(others) - 1))


def available(wanted: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """The metrics that can be had, and a sentence on each that cannot; raises McdenoiseError if that was asked for."""
    names, notes = [], []
    tiny = np.ones((16, 16, 3), np.float32)
    for metric in METRICS:
        if wanted is not None and metric.name not in wanted:
            continue
        try:
            if metric.name == "SSIM":
                metrics.ssim(tiny, tiny)
            elif metric.name == "FLIP":
                metrics.flip(tiny, tiny)
        except McdenoiseError as error:
            if wanted is not None:
                raise
            notes.append(str(error))
            continue
        names.append(metric.name)
    return names, notes
