"""The U-Net of Open Image Denoise 2, with its names, curve and ranges, so that OIDN can run what is trained here.

Source: OIDN 2, `training/model.py` and `training/color.py`.
"""

from collections.abc import Mapping

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
    """OIDN's network of base size: 0.92 M parameters, four levels, ReLU; the last layer gives radiance on the PU curve.

    Sees radiance on that curve, albedo, and normals brought to [0, 1]: 9 channels. Exposed radiance above 65504 is cut
    there, as in OIDN.
    """

    multiple = 16
    reach = 96
    outside = (0.0,) * 6 + (-1.0,) * 3

    def __init__(self):
        super().__init__()
        self.config = {}
        self.enc_conv0 = _conv(9, 32)
        self.enc_conv1 = _conv(32, 32)
        self.enc_conv2 = _conv(32, 48)
        self.enc_conv3 = _conv(48, 64)
        self.enc_conv4 = _conv(64, 80)
        self.enc_conv5a = _conv(80, 96)
        self.enc_conv5b = _conv(96, 96)
        self.dec_conv4a = _conv(96 + 64, 112)
        self.dec_conv4b = _conv(112, 112)
        self.dec_conv3a = _conv(112 + 48, 96)
        self.dec_conv3b = _conv(96, 96)
        self.dec_conv2a = _conv(96 + 32, 64)
        self.dec_conv2b = _conv(64, 64)
        self.dec_conv1a = _conv(64 + 9, 64)
        self.dec_conv1b = _conv(64, 32)
        self.dec_conv0 = _conv(32, 3)
        with torch.no_grad():  # begin with a dark picture, not with one that is half black and half burnt out
            self.dec_conv0.weight *= 0.1
            self.dec_conv0.bias.fill_(float(pu_curve(torch.tensor(0.18))))

    def forward(self, radiance: Tensor, albedo: Tensor, normal: Tensor) -> Tensor:
        """See `mcdenoise.networks`."""
        with torch.autocast(radiance.device.type, enabled=False):
            seen = torch.cat([pu_curve(radiance.float()), albedo.float(), normal.float() * 0.5 + 0.5], dim=1)
        x = torch.relu(self.enc_conv0(seen))
        x = pool1 = F.max_pool2d(torch.relu(self.enc_conv1(x)), 2)
        x = pool2 = F.max_pool2d(torch.relu(self.enc_conv2(x)), 2)
        x = pool3 = F.max_pool2d(torch.relu(self.enc_conv3(x)), 2)
        x = F.max_pool2d(torch.relu(self.enc_conv4(x)), 2)
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
        with torch.autocast(x.device.type, enabled=False):  # eight bits of mantissa would show as bands
            return inverse_pu_curve(self.dec_conv0(x.float()))

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
                "they are not of OIDN's network of base size with albedo and normal"
                + (f" ({wrong[0]} is missing or has another shape)." if wrong else " (it has more layers).")
            )
        self.load_state_dict({name: torch.from_numpy(tensors[name].astype(np.float32)) for name in own})


def _conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    layer = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


def _joined(x: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skip], dim=1)
