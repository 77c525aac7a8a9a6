"""Errors of an image, NumPy arrays `[H, W, 3]` of linear radiance, higher-is-worse unless said otherwise."""

import numpy as np

from mcdenoise.errors import McdenoiseError
from mcdenoise.tonemap import LUMINANCE, tonemap

EPSILON = 1e-2
"""Keeps relative errors finite where the truth is black (Rousselle et al. 2011 use the same value)."""

_WINDOW = 11  # of SSIM, in pixels
_BRIGHTEST = 1e6  # in units of middle grey: FLIP's exposures stay finite
_LEAST_ERROR = 1e-10  # mean squared, of a PSNR that may be estimated as infinite
_DARKEST = 1e-6  # luminance of a reference below which FLIP finds no exposures, and ends the process


def mse(image: np.ndarray, reference: np.ndarray) -> float:
    """Mean squared error."""
    return float(np.mean((image.astype(np.float64) - reference) ** 2))


def relmse(image: np.ndarray, reference: np.ndarray) -> float:
    """Relative mean squared error, mean of (y - r)^2 / (r^2 + 0.01) (Rousselle et al. 2011)."""
    reference = reference.astype(np.float64)
    return float(np.mean((image - reference) ** 2 / (reference**2 + EPSILON)))


def relmse_halves(image: np.ndarray, half_a: np.ndarray, half_b: np.ndarray) -> float:
    """Relative mean squared error with the reference's own noise cancelled.

    (y - a)(y - b) has the expectation (y - mu)^2 if a and b are independent with mean mu; their mean weights it.
    """
    half_a, half_b = half_a.astype(np.float64), half_b.astype(np.float64)
    weight = ((half_a + half_b) / 2) ** 2 + EPSILON
    return float(np.mean((image - half_a) * (image - half_b) / weight))


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB after the paper's tonemapping, clamped to [0, 1]; higher is better."""
    difference = tonemap(image.astype(np.float64)) - tonemap(reference.astype(np.float64))
    error = float(np.mean(difference**2))
    return float("inf") if error == 0 else -10 * float(np.log10(error))


def psnr_halves(image: np.ndarray, half_a: np.ndarray, half_b: np.ndarray) -> float:
    """`psnr` with the reference's own noise cancelled, at most 100 dB.

    With t = T(y), (t - T(a))(t - T(b)) has the expectation (t - E T(a))^2 if a and b are independent. What remains of
    their noise is that the mean of T(a) is below T of the mean, the less the longer the halves were rendered.
    """
    shown, a, b = (tonemap(one.astype(np.float64)) for one in (image, half_a, half_b))
    return -10 * float(np.log10(max(float(np.mean((shown - a) * (shown - b))), _LEAST_ERROR)))


def smape(image: np.ndarray, reference: np.ndarray) -> float:
    """Symmetric mean absolute percentage error: mean of |y - r| / (|y| + |r| + 0.01) (Vogels et al. 2018)."""
    image, reference = image.astype(np.float64), reference.astype(np.float64)
    return float(np.mean(np.abs(image - reference) / (np.abs(image) + np.abs(reference) + EPSILON)))


def ssim(image: np.ndarray, reference: np.ndarray) -> float:
    """Structural similarity, the mean of `ssim_map`; at most 1, higher is better."""
    return float(np.mean(ssim_map(image, reference)))


def ssim_map(image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Structural similarity of each pixel after the paper's tonemapping, mean over channels, `[H - 10, W - 10]`.

    As Wang et al. 2004 have it: Gaussian windows of 1.5 pixels, population variances; by scikit-image. The border of 5
    pixels, where windows reach beyond the picture, is left out, as scikit-image's own mean does. Raises McdenoiseError
    if that is missing, ValueError if the picture is smaller than a window (11 x 11).
    """
    try:
        from skimage.metrics import structural_similarity
    except ImportError as error:
        raise _missing("SSIM", "scikit-image", error) from None
    pictures = [tonemap(one.astype(np.float64)) for one in (reference, image)]
    _, similarity = structural_similarity(
        *pictures,
        channel_axis=2,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    inner = slice(_WINDOW // 2, -(_WINDOW // 2))
    return similarity[inner, inner].mean(axis=2)


def flip(image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """HDR-FLIP, how different each pixel looks, `[H, W]` in [0, 1] (Andersson et al. 2021), by NVIDIA's own package.

    Exposures are chosen from the reference, 67 pixels are a degree; negative radiance counts as zero. Raises
    McdenoiseError if flip-evaluator is missing.
    """
    try:
        import flip_evaluator
    except ImportError as error:
        raise _missing("FLIP", "flip-evaluator", error) from None
    pictures = [np.ascontiguousarray(one.clip(0, _BRIGHTEST), np.float32) for one in (reference, image)]
    # Of a black reference FLIP cannot choose exposures: the picture's own is as good as any.
    is_lit = (pictures[0] @ np.array(LUMINANCE)).max() > _DARKEST
    given = {} if is_lit else {"startExposure": 0.0, "stopExposure": 1.0, "numExposures": 2}
    return flip_evaluator.evaluate(*pictures, "HDR", applyMagma=False, parameters=given)[0][..., 0]


def _missing(metric: str, package: str, error: ImportError) -> McdenoiseError:
    why = "is not installed" if isinstance(error, ModuleNotFoundError) else f"cannot be loaded ({error})"
    return McdenoiseError(f"{metric} needs {package}, which {why}: pip install 'mcdenoise[report]'")
