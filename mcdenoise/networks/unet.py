"""The U-Net of Noise2Noise (Lehtinen et al. 2018, table 2), as they used it for Monte Carlo renders."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcdenoise.tonemap import inverse_log_curve, tonemap


class UNet(nn.Module):
    """Five levels of 2x2 max-pooling with 48 channels down, nearest upsampling and skips with 96 channels up.

    Sees T(radiance), albedo and normal: 9 channels. output: what the last layer's three channels mean: `linear`
    radiance, as in the paper, or radiance on the curve `log_curve`, where equal steps are equal ratios, which trains
    faster and more steadily under a relative loss.
    """

    multiple = 32

    def __init__(self, output: Literal["linear", "log"] = "log"):
        super().__init__()
        if output not in ("linear", "log"):
            raise ValueError(f"output must be linear or log, not {output!r}")
        self.config = {"output": output}
        self.output = output
        self.enc_conv0 = _conv(9, 48)
        self.enc_conv1 = _conv(48, 48)
        self.enc_conv2 = _conv(48, 48)
        self.enc_conv3 = _conv(48, 48)
        self.enc_conv4 = _conv(48, 48)
        self.enc_conv5 = _conv(48, 48)
        self.enc_conv6 = _conv(48, 48)
        self.dec_conv5a = _conv(96, 96)
        self.dec_conv5b = _conv(96, 96)
        self.dec_conv4a = _conv(144, 96)
        self.dec_conv4b = _conv(96, 96)
        self.dec_conv3a = _conv(144, 96)
        self.dec_conv3b = _conv(96, 96)
        self.dec_conv2a = _conv(144, 96)
        self.dec_conv2b = _conv(96, 96)
        self.dec_conv1a = _conv(96 + 9, 64)
        self.dec_conv1b = _conv(64, 32)
        self.dec_conv0 = _conv(32, 3)

    def forward(self, radiance: Tensor, albedo: Tensor, normal: Tensor) -> Tensor:
        """See `mcdenoise.networks`."""
        pool0 = torch.cat([tonemap(radiance), albedo, normal], dim=1)
        x = _relu(self.enc_conv0(pool0))
        x = _relu(self.enc_conv1(x))
        x = pool1 = F.max_pool2d(x, 2)
        x = _relu(self.enc_conv2(x))
        x = pool2 = F.max_pool2d(x, 2)
        x = _relu(self.enc_conv3(x))
        x = pool3 = F.max_pool2d(x, 2)
        x = _relu(self.enc_conv4(x))
        x = pool4 = F.max_pool2d(x, 2)
        x = _relu(self.enc_conv5(x))
        x = F.max_pool2d(x, 2)
        x = _relu(self.enc_conv6(x))

        x = torch.cat([_upsample(x), pool4], dim=1)
        x = _relu(self.dec_conv5a(x))
        x = _relu(self.dec_conv5b(x))
        x = torch.cat([_upsample(x), pool3], dim=1)
        x = _relu(self.dec_conv4a(x))
        x = _relu(self.dec_conv4b(x))
        x = torch.cat([_upsample(x), pool2], dim=1)
        x = _relu(self.dec_conv3a(x))
        x = _relu(self.dec_conv3b(x))
        x = torch.cat([_upsample(x), pool1], dim=1)
        x = _relu(self.dec_conv2a(x))
        x = _relu(self.dec_conv2b(x))
        x = torch.cat([_upsample(x), pool0], dim=1)
        x = _relu(self.dec_conv1a(x))
        x = _relu(self.dec_conv1b(x))
        with torch.autocast(x.device.type, enabled=False):  # eight bits of mantissa would show as bands
            x = self.dec_conv0(x.float())
        return inverse_log_curve(x) if self.output == "log" else x


def _conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    conv = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    nn.init.kaiming_normal_(conv.weight, a=0.1)  # He et al. 2015, for the slope below
    nn.init.zeros_(conv.bias)
    return conv


def _relu(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1)


def _upsample(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
