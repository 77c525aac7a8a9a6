"""The denoisers that `combine` is given, by name."""

from collections.abc import Mapping, Sequence

import numpy as np

from mcdenoise.errors import ModelError
from mcdenoise.inference.combine import Denoise
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.inference.oidn_engine import Oidn, oidn_is_installed

OIDN_MODES = ("oidn-color", "oidn", "oidn-prefilter")
"""OIDN on colour alone, with features, and with features that it has denoised before."""


def default_names() -> tuple[str, ...]:
    """The model, and OIDN in all its modes where it is installed."""
    return ("model", *OIDN_MODES) if oidn_is_installed() else ("model",)


def candidates(names: Sequence[str], model: Denoiser | None) -> dict[str, Denoise]:
    """Denoisers by name: `model`, which must be given then, those of OIDN_MODES, or model files, which
    get that one's device, precision and passes. Raises ModelError."""
    found: dict[str, Denoise] = {}
    oidn = Oidn() if set(names) & set(OIDN_MODES) else None
    for name in names:
        if name in found:
            raise ModelError(f"the denoiser {name} is named twice.", misuse=True)
        if name == "model":
            found[name] = model.denoise
        elif name in OIDN_MODES:
            found[name] = _of_oidn(oidn, name)
        else:
            found[name] = (Denoiser(name) if model is None else model.with_model(name)).denoise
    if not found:
        raise ModelError("no denoiser is named.", misuse=True)
    return found


def usable(found: Mapping[str, Denoise], albedo: bool) -> dict[str, Denoise]:
    """Those that are worth running: without albedo (and OIDN takes normals only beside it) its modes are all one."""
    same = [name for name in found if name in OIDN_MODES]
    return {name: denoise for name, denoise in found.items() if albedo or name not in same[1:]}


def _of_oidn(oidn: Oidn, name: str) -> Denoise:
    def denoise(color: np.ndarray, albedo: np.ndarray | None, normal: np.ndarray | None) -> np.ndarray:
        if name == "oidn-color" or albedo is None:
            return oidn.denoise(color)
        albedo = albedo.clip(0, 1)
        if name == "oidn":
            return oidn.denoise(color, albedo, normal)
        normal = None if normal is None else oidn.prefilter("normal", normal)
        return oidn.denoise(color, oidn.prefilter("albedo", albedo), normal, clean_features=True)

    return denoise
