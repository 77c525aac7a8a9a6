"""Networks that denoise, one architecture a file, and the one registry of them.

A network is a torch module whose `forward(radiance, albedo, normal)` takes linear radiance `[B, 3, H, W]` brought to
middle grey (see `tonemap.exposure`), albedo `[B, 3, H, W]` in [0, 1] and normals `[B, 3, H, W]` in [-1, 1] (zeros where
a feature is missing), with H and W multiples of its `multiple`, and returns denoised linear radiance `[B, 3, H, W]`.
Nothing that is more than `reach` pixels away, itself a multiple of
`multiple`, has a say in a pixel. Beyond the edges of a picture a network is shown what is at the edges, or, if it has
that attribute, the nine values of `outside`. If it has the attribute `at_once`, it is shown no more than about that
many pixels at a time. Its `name` is the registry's, and its `config` holds the keyword arguments that build it again.
If its class has the attribute `unnamed`, that holds what those arguments are in a file that does not name them. If it
has the attribute `features` and that is not None, it filters albedo and normal first: `features(albedo, normal)`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from mcdenoise.errors import ModelError
from mcdenoise.networks.kpn import KPN
from mcdenoise.networks.oidn import OIDNUNet
from mcdenoise.networks.red30 import RED30
from mcdenoise.networks.unet import UNet

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "unet": UNet,
    "kpn": KPN,
    "kpn-small": partial(KPN, width=16, kernel=3, growth=16, again=3, features=8),
    "red30": RED30,
    "oidn": OIDNUNet,
    "oidn-small": partial(OIDNUNet, size="small"),
    "oidn-large": partial(OIDNUNet, size="large"),
}


def create(name: str, /, **config: Any) -> nn.Module:
    """A network with fresh weights. Raises ModelError if `name` or `config` is unknown."""
    if name not in NETWORKS:
        raise ModelError(f"there is no network called {name!r}: choose one of {', '.join(NETWORKS)}.", misuse=True)
    try:
        return NETWORKS[name](**config)
    except (TypeError, ValueError) as error:
        raise ModelError(f"the network {name} cannot be built with {config}: {error}.", misuse=True) from None
