"""Open Image Denoise through mitsuba-oidn: with its own weights, or running a network that was trained here."""

import threading
from typing import Any

import numpy as np

from mcdenoise.errors import ModelError
from mcdenoise.export import tza
from mcdenoise.networks.oidn import OIDNUNet

_MEMORY = 1000
"""MB that OIDN may use: left to itself it takes 2.5 GB for 3840 x 2160; in tiles it gives the same picture."""


def oidn_is_installed() -> bool:
    """Whether mitsuba-oidn can be imported."""
    try:
        _oidn()
    except ModelError:
        return False
    return True


class Oidn:
    """OIDN's ray tracing filter for HDR pictures. Tiling, exposure and curve are OIDN's own.

    weights: a TZA archive instead of OIDN's own weights. Raises ModelError without the package mitsuba-oidn.
    """

    def __init__(self, weights: bytes | None = None):
        self._device = _oidn().Device()
        self._device.commit()
        self._weights = None if weights is None else np.frombuffer(weights, np.uint8)
        self._lock = threading.Lock()

    def denoise(
        self,
        color: np.ndarray,
        albedo: np.ndarray | None = None,
        normal: np.ndarray | None = None,
        clean_features: bool = False,
    ) -> np.ndarray:
        """Denoised radiance `[H, W, 3]` float32. albedo, normal: none, albedo, or both; their own noise is taken into
        account unless they are said to be free of it."""
        images = {"color": color, "albedo": albedo, "normal": normal}
        return self._filtered({name: image for name, image in images.items() if image is not None}, clean_features)

    def prefilter(self, name: str, feature: np.ndarray) -> np.ndarray:
        """The feature `albedo` or `normal` without its noise, `[H, W, 3]` float32."""
        return self._filtered({name: feature})

    def _filtered(self, images: dict[str, np.ndarray], clean_features: bool = False) -> np.ndarray:
        images = {name: np.ascontiguousarray(image, np.float32) for name, image in images.items()}
        output = np.empty_like(next(iter(images.values())))
        with self._lock:  # a device does one thing at a time
            one = self._device.new_filter("RT")
            one.max_memory_mb = _MEMORY
            if "color" in images:
                one.hdr = True
            if clean_features:
                one.clean_aux = True
            if self._weights is not None:
                one.set_data("weights", self._weights)
            for name, image in images.items():
                one.set_image(name, image)
            one.set_image("output", output)
            one.execute()
        return output


class OidnEngine(Oidn):
    """OIDN with the weights of `network`. Raises ModelError if that is not one that OIDN can run."""

    def __init__(self, network: Any):
        if not isinstance(network, OIDNUNet):
            raise ModelError(
                f"OIDN cannot run a {network.name}, only a network of its own kind (train --model oidn).", misuse=True
            )
        super().__init__(tza.encode(network.tza_tensors()))


def _oidn() -> Any:
    try:
        import mitsuba_oidn
    except ImportError as error:
        raise ModelError(f"Open Image Denoise needs mitsuba-oidn: pip install mitsuba-oidn ({error}).") from None
    return mitsuba_oidn
