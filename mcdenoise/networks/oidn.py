"""The U-Net of Open Image Denoise 2, with its names, curve and ranges, so that OIDN can run what is trained here.

Source: OIDN 2, `training/model.py`, `training/color.py` and `core/unet_filter.cpp`.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcdenoise.errors import ModelError

# PU2 (Aydin et al. 2008) in three pieces: a linear, a power and a logarithmic one.
_LINEAR = 1.41283765e03
_POWER = (1.64593172, 4.31384981e-01, -2.94139609e-03)
_LOG = (1.92653254e-01, 6.26026094e-03, 9.98620152e-01)
_STARTS = (1.57945760e-06, 3.22087631e-02)
_LARGEST = 65504.0
_MOST = 5.0  # on the curve: still finite in float32
_NORM = 1 / (_LOG[0] * float(np.log(_LARGEST + _LOG[1])) + _LOG[2])

Size = Literal["small", "base", "large"]

_WIDTHS = {"small": (32, 32, 32, 32, 32, 64, 64, 64, 32, 32, 32), "base": (32, 48, 64, 80, 96, 112, 96, 64, 64, 64, 32)}


def pu_curve(radiance: Tensor) -> Tensor:
    """From [0, 65504] to [0, 1], in steps that look equal; what is outside counts as the nearest end."""
    y = radiance.clamp(0.0, _LARGEST)
    power = _POWER[0] * y.clamp(min=_STARTS[0]) ** _POWER[1] + _POWER[2]
    log = _LOG[0] * torch.log(y + _LOG[1]) + _LOG[2]
    return _NORM * torch.where(y <= _STARTS[0], _LINEAR * y, torch.where(y <= _STARTS[1], power, log))


def inverse_pu_curve(value: Tensor) -> Tensor:
    """The inverse of `pu_curve`, which goes on above 1; below 0 it is 0, where gradients that lead out of it flow."""
    x = _Limited.apply(value) / _NORM
    ends = [_LINEAR * _STARTS[0], _LOG[0] * float(np.log(_STARTS[1] + _LOG[1])) + _LOG[2]]
    power = ((x.clamp(min=ends[0]) - _POWER[2]) / _POWER[0]) ** (1 / _POWER[1])
    log = torch.exp((x - _LOG[2]) / _LOG[0]) - _LOG[1]
    return torch.where(x <= ends[0], x / _LINEAR, torch.where(x <= ends[1], power, log))


class _Limited(torch.autograd.Function):
    """A clamp to [0, _MOST] that lets gradients pass where they lead back into it: else what is outside stays there."""

    @staticmethod
    def forward(ctx, value: Tensor) -> Tensor:
        ctx.save_for_backward(value)
        return value.clamp(0.0, _MOST)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (value,) = ctx.saved_tensors
        away = ((value < 0) & (gradient > 0)) | ((value > _MOST) & (gradient < 0))
        return gradient.masked_fill(away, 0)


class OIDNUNet(nn.Module):
    """OIDN's network: four levels, ReLU; the last layer gives radiance on the PU curve.

    size: `small` (0.32 M parameters), `base` (0.92 M), or `large` (3.85 M, two convolutions a level). Sees radiance on
    that curve, albedo, and normals brought to [0, 1]: 9 channels. Exposed radiance above 65504 is cut there, as in
    OIDN. The inverse of the curve, which is 0 below 0, stands for the ReLU after OIDN's last layer.
    """

    multiple = 16
    reach = 96
    outside = (0.0,) * 6 + (-1.0,) * 3

    def __init__(self, size: Size = "base"):
        super().__init__()
        if size not in get_args(Size):
            raise ValueError(f"size must be small, base or large, not {size!r}")
        self.config = {"size": size}
        self.name = "oidn" if size == "base" else f"oidn-{size}"
        self.size = size
        if size == "large":
            self.reach = 112
            self.enc_conv1a = _conv(9, 64)
            self.enc_conv1b = _conv(64, 64)
            self.enc_conv2a = _conv(64, 96)
            self.enc_conv2b = _conv(96, 96)
            self.enc_conv3a = _conv(96, 128)
            self.enc_conv3b = _conv(128, 128)
            self.enc_conv4a = _conv(128, 192)
            self.enc_conv4b = _conv(192, 192)
            self.enc_conv5a = _conv(192, 256)
            self.enc_conv5b = _conv(256, 256)
            self.dec_conv4a = _conv(256 + 128, 192)
            self.dec_conv4b = _conv(192, 192)
            self.dec_conv3a = _conv(192 + 96, 128)
            self.dec_conv3b = _conv(128, 128)
            self.dec_conv2a = _conv(128 + 64, 96)
            self.dec_conv2b = _conv(96, 96)
            self.dec_conv1a = _conv(96 + 9, 64)
            self.dec_conv1b = _conv(64, 64)
            self.dec_conv1c = last = _conv(64, 3)
        else:
            # Channels of the encoder's levels and of the decoder's layers.
            e1, e2, e3, e4, e5, d4, d3, d2a, d2b, d1a, d1b = _WIDTHS[size]
            self.enc_conv0 = _conv(9, e1)
            self.enc_conv1 = _conv(e1, e1)
            self.enc_conv2 = _conv(e1, e2)
            self.enc_conv3 = _conv(e2, e3)
            self.enc_conv4 = _conv(e3, e4)
            self.enc_conv5a = _conv(e4, e5)
            self.enc_conv5b = _conv(e5, e5)
            self.dec_conv4a = _conv(e5 + e3, d4)
            self.dec_conv4b = _conv(d4, d4)
            self.dec_conv3a = _conv(d4 + e2, d3)
            self.dec_conv3b = _conv(d3, d3)
            self.dec_conv2a = _conv(d3 + e1, d2a)
            self.dec_conv2b = _conv(d2a, d2b)
            self.dec_conv1a = _conv(d2b + 9, d1a)
            self.dec_conv1b = _conv(d1a, d1b)
            self.dec_conv0 = last = _conv(d1b, 3)
        with torch.no_grad():  # begin with a dark picture, not with one that is half black and half burnt out
            last.weight *= 0.1
            last.bias.fill_(float(pu_curve(torch.tensor(0.18))))

    def forward(self, radiance: Tensor, albedo: Tensor, normal: Tensor) -> Tensor:
        """See `mcdenoise.networks`."""
        with torch.autocast(radiance.device.type, enabled=False):
            seen = torch.cat([pu_curve(radiance.float()), albedo.float(), normal.float() * 0.5 + 0.5], dim=1)
        x, pool1, pool2, pool3 = self._encoded_large(seen) if self.size == "large" else self._encoded(seen)
        x = torch.relu(self.enc_conv5a(x))
        x = torch.relu(self.enc_conv5b(x))
        x = torch.relu(self.dec_conv4a(_joined(x, pool3)))
        x = torch.relu(self.dec_conv4b(x))
        x = torch.relu(self.dec_conv3a(_joined(x, pool2)))
        x = torch.relu(self.dec_conv3b(x))
        x = torch.relu(self.dec_conv2a(_joined(x, pool1)))
        x = torch.relu(self.dec_conv2b(x))
        x = torch.relu(self.dec_conv1a(_joined(x, seen)))
        x = torch.relu(self.dec_conv1b(x))
        last = self.dec_conv1c if self.size == "large" else self.dec_conv0
        with torch.autocast(x.device.type, enabled=False):  # eight bits of mantissa would show as bands
            return inverse_pu_curve(last(x.float()))

    def _encoded(self, seen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What goes into enc_conv5a, and what is joined on the way up."""
        x = torch.relu(self.enc_conv0(seen))
        x = pool1 = F.max_pool2d(torch.relu(self.enc_conv1(x)), 2)
        x = pool2 = F.max_pool2d(torch.relu(self.enc_conv2(x)), 2)
        x = pool3 = F.max_pool2d(torch.relu(self.enc_conv3(x)), 2)
        x = F.max_pool2d(torch.relu(self.enc_conv4(x)), 2)
        return x, pool1, pool2, pool3

    def _encoded_large(self, seen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = torch.relu(self.enc_conv1a(seen))
        x = pool1 = F.max_pool2d(torch.relu(self.enc_conv1b(x)), 2)
        x = torch.relu(self.enc_conv2a(x))
        x = pool2 = F.max_pool2d(torch.relu(self.enc_conv2b(x)), 2)
        x = torch.relu(self.enc_conv3a(x))
        x = pool3 = F.max_pool2d(torch.relu(self.enc_conv3b(x)), 2)
        x = torch.relu(self.enc_conv4a(x))
        x = F.max_pool2d(torch.relu(self.enc_conv4b(x)), 2)
        return x, pool1, pool2, pool3

    def tza_tensors(self) -> dict[str, np.ndarray]:
        """Its weights in half floats, as OIDN wants them in a TZA file."""
        tensors = {}
        for name, tensor in self.state_dict().items():
            half = tensor.detach().cpu().numpy().astype(np.float16)
            if not np.isfinite(half).all():
                raise ModelError(f"the weights {name} do not fit into half floats.")
            tensors[name] = half
        return tensors

    def load_tza_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over weights of OIDN's. Raises ModelError if they are of another network."""
        own = self.state_dict()
        wrong = [name for name in own if name not in tensors or tensors[name].shape != tuple(own[name].shape)]
        if wrong or len(tensors) != len(own):
            raise ModelError(
                f"they are not of OIDN's network of {self.size} size with albedo and normal"
                + (f" ({wrong[0]} is missing or has another shape)." if wrong else " (it has more layers).")
            )
        self.load_state_dict({name: torch.from_numpy(tensors[name].astype(np.float32)) for name in own})


def size_of(tensors: Mapping[str, np.ndarray]) -> Size:
    """The size of the network that weights of OIDN's are for, by what tells it apart: OIDN knows the large one so."""
    if "enc_conv1b.weight" in tensors:
        return "large"
    second = tensors.get("enc_conv2.weight")
    return "small" if second is not None and second.shape[0] == _WIDTHS["small"][1] else "base"


def _conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    layer = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


def _joined(x: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skip], dim=1)
