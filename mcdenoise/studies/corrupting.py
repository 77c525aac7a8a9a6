"""What Noise2Noise removes from pictures of low dynamic range: the corruptions of Lehtinen et al. 2018, section 3.

Each takes a clean picture `[C, H, W]` in [0, 1], how strong it is, and a generator. Which loss takes a network trained
on corrupted targets to the clean picture follows from what the corruption leaves right of each value: its mean (l2),
its median (l1) or its mode (l0).
"""

import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mcdenoise.studies.fourier import choose_frequencies, measure, measuring_probability


@dataclass(frozen=True)
class Corrupted:
    """picture: `[C, H, W]` float32, not clipped, as clipping would move its mean. valid: `[1, H, W]` bool, pixels that
    say something, or None if all do. kept: `[1, H, W]` bool, frequencies that were measured, or None."""

    picture: np.ndarray
    valid: np.ndarray | None = None
    kept: np.ndarray | None = None


@dataclass(frozen=True)
class Corruption:
    """title: for people. strengths: between which it is drawn in training, uniformly, anew for each input and target.
    tested: the strength that the paper measures at. strength: what the number is. loss: with corrupted targets;
    clean_loss: with clean ones. keeps: what of a value's distribution is the clean value. paper: PSNR in dB with
    corrupted and with clean targets there (arXiv 1803.04189v3, see `source`)."""

    name: str
    title: str
    apply: Callable[[np.ndarray, float, np.random.Generator], Corrupted]
    strengths: tuple[float, float]
    tested: float
    strength: str
    loss: str
    clean_loss: str
    keeps: str
    paper: tuple[float, float]
    source: str


def gaussian(picture: np.ndarray, sigma: float, rng: np.random.Generator) -> Corrupted:
    """Additive white noise of standard deviation `sigma` / 255. The mean of a value is the clean one."""
    noise = rng.standard_normal(picture.shape, np.float32)
    return Corrupted(picture + np.float32(sigma / 255) * noise)


def poisson(picture: np.ndarray, photons: float, rng: np.random.Generator) -> Corrupted:
    """Counts of `photons` at white on average, divided by that: mean v, variance v / `photons`."""
    return Corrupted((rng.poisson(picture * photons) / photons).astype(np.float32))


def bernoulli(picture: np.ndarray, dropped: float, rng: np.random.Generator) -> Corrupted:
    """Each pixel is dropped (black in all channels) with the probability `dropped`; what is left is right."""
    valid = rng.random((1, *picture.shape[1:])) >= dropped
    return Corrupted(picture * valid, valid=valid)


def text(picture: np.ndarray, covered: float, rng: np.random.Generator) -> Corrupted:
    """Random strings in random places, sizes and colours, over each other, until a share `covered` of it is text.

    Upright and of one font. As less than half of all pictures have text at a pixel, the median is the clean value. The
    share is passed by one string at most.
    """
    height, width = picture.shape[1:]
    overlay = Image.new("RGB", (width, height))
    cover = Image.new("L", (width, height))
    ink = ImageDraw.Draw(overlay)
    while np.count_nonzero(np.asarray(cover)) < covered * height * width:
        letters = "".join(rng.choice(_LETTERS, rng.integers(3, 13)))
        size = int(rng.integers(8, 25))
        length = size * len(letters) // 2
        # Strings may begin and end outside, so that there is as much text at the edges as elsewhere.
        place = int(rng.integers(-length, width)), int(rng.integers(-size, height))
        words = Image.new("1", (width, height))  # hard edges: a pixel is text or picture, and no mixture of both
        ImageDraw.Draw(words).text(place, letters, 1, _font(size))
        ink.bitmap((0, 0), words, tuple(rng.integers(0, 256, 3).tolist()))
        cover.paste(255, mask=words)
    colours = np.asarray(overlay, np.float32).transpose(2, 0, 1) / 255
    return Corrupted(np.where(np.asarray(cover) > 0, colours, picture))


def impulse(picture: np.ndarray, replaced: float, rng: np.random.Generator) -> Corrupted:
    """Each pixel is replaced by a colour drawn uniformly from the cube with the probability `replaced`.

    Neither mean nor median of a value are the clean one, but it is the one that comes most often: the mode.
    """
    hit = rng.random((1, *picture.shape[1:])) < replaced
    return Corrupted(np.where(hit, rng.random(picture.shape, np.float32), picture))


def undersampled(picture: np.ndarray, share: float, rng: np.random.Generator) -> Corrupted:
    """A share of the frequencies of a square picture is measured, on average (`mcdenoise.studies.fourier`)."""
    probability = measuring_probability(picture.shape[-1], share)
    kept = choose_frequencies(probability, rng)
    return Corrupted(measure(picture, kept, probability), kept=kept[None])


CORRUPTIONS = {
    corruption.name: corruption
    for corruption in (
        Corruption(
            "gaussian", "additive Gaussian", gaussian, (0.0, 50.0), 25.0, "sigma, of 255",
            "l2", "l2", "mean", (31.61, 31.63), "table 1, average of three test sets",
        ),
        Corruption(
            "poisson", "Poisson", poisson, (0.001, 50.0), 30.0, "photons at white",
            "l2", "l2", "mean", (30.57, 30.59), "table 1, average of three test sets",
        ),
        Corruption(
            "bernoulli", "multiplicative Bernoulli", bernoulli, (0.0, 0.95), 0.5, "share of pixels dropped",
            "l2", "l2", "all values that are there", (32.02, 31.85), "table 1, average of three test sets",
        ),
        Corruption(
            "text", "text overlay", text, (0.0, 0.5), 0.25, "share of pixels under text",
            "l1", "l1", "median", (35.75, 35.82), "figure 3, one picture",
        ),
        Corruption(
            "impulse", "random-valued impulse", impulse, (0.0, 0.95), 0.7, "share of pixels replaced",
            "l0", "l2", "mode", (28.43, 28.86), "figure 4, one picture",
        ),
        Corruption(
            "fourier", "undersampled Fourier", undersampled, (0.1, 0.1), 0.1, "share of frequencies measured",
            "l2", "l2", "mean", (31.74, 31.77), "section 3.4, average over 1000 slices",
        ),
    )
}  # fmt: skip


_LETTERS = np.array(list(string.ascii_letters + string.digits))


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)
