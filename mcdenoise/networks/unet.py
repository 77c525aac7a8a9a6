"""The U-Net of Noise2Noise (Lehtinen et al. 2018, table 2), as they used it for Monte Carlo renders."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcdenoise.networks.layers import conv, relu, upsample
from mcdenoise.tonemap import inverse_log_curve, tonemap


class UNet(nn.Module):
    """Five levels of 2x2 max-pooling with 48 channels down, nearest upsampling and skips with 96 channels up.

    Sees T(radiance), albedo and normal: 9 channels. output: what the last layer's three channels mean: `linear`
    radiance, as in the paper, or radiance on the curve `log_curve`, where equal steps are equal ratios, which trains
    faster and more steadily under a relative loss. input: `tonemapped`, or `linear` to see radiance as it is, negative
    values too: of pictures that have no high range, and to compare. width: 48 channels are the paper's; with others
    every layer changes in proportion.
    """

    name = "unet"
    multiple = 32
    reach = 160

    def __init__(
        self,
        output: Literal["linear", "log"] = "log",
        input: Literal["tonemapped", "linear"] = "tonemapped",
        width: int = 48,
    ):
        super().__init__()
        if output not in ("linear", "log"):
            raise ValueError(f"output must be linear or log, not {output!r}")
        if input not in ("tonemapped", "linear"):
            raise ValueError(f"input must be tonemapped or linear, not {input!r}")
        if not 3 <= width <= 512:
            raise ValueError(f"width must be 3 to 512, not {width}")
        self.config = {"output": output, "input": input, "width": width}
        self.output = output
        self.input = input
        double, triple = 2 * width, 3 * width
        last = 4 * width // 3, 2 * width // 3
        self.enc_conv0 = conv(9, width)
        self.enc_conv1 = conv(width, width)
        self.enc_conv2 = conv(width, width)
        self.enc_conv3 = conv(width, width)
        self.enc_conv4 = conv(width, width)
        self.enc_conv5 = conv(width, width)
        self.enc_conv6 = conv(width, width)
        self.dec_conv5a = conv(double, double)
        self.dec_conv5b = conv(double, double)
        self.dec_conv4a = conv(triple, double)
        self.dec_conv4b = conv(double, double)
        self.dec_conv3a = conv(triple, double)
        self.dec_conv3b = conv(double, double)
        self.dec_conv2a = conv(triple, double)
        self.dec_conv2b = conv(double, double)
        self.dec_conv1a = conv(double + 9, last[0])
        self.dec_conv1b = conv(*last)
        self.dec_conv0 = conv(last[1], 3)

    def forward(self, radiance: Tensor, albedo: Tensor, normal: Tensor) -> Tensor:
        """See `mcdenoise.networks`."""
        seen = tonemap(radiance) if self.input == "tonemapped" else radiance
        pool0 = torch.cat([seen, albedo, normal], dim=1)
        x = relu(self.enc_conv0(pool0))
        x = relu(self.enc_conv1(x))
        x = pool1 = F.max_pool2d(x, 2)
        x = relu(self.enc_conv2(x))
        x = pool2 = F.max_pool2d(x, 2)
        x = relu(self.enc_conv3(x))
        x = pool3 = F.max_pool2d(x, 2)
        x = relu(self.enc_conv4(x))
        x = pool4 = F.max_pool2d(x, 2)
        x = relu(self.enc_conv5(x))
        x = F.max_pool2d(x, 2)
        x = relu(self.enc_conv6(x))

        x = torch.cat([upsample(x), pool4], dim=1)
        x = relu(self.dec_conv5a(x))
        x = relu(self.dec_conv5b(x))
        x = torch.cat([upsample(x), pool3], dim=1)
        x = relu(self.dec_conv4a(x))
        x = relu(self.dec_conv4b(x))
        x = torch.cat([upsample(x), pool2], dim=1)
        x = relu(self.dec_conv3a(x))
        x = relu(self.dec_conv3b(x))
        x = torch.cat([upsample(x), pool1], dim=1)
        x = relu(self.dec_conv2a(x))
        x = relu(self.dec_conv2b(x))
        x = torch.cat([upsample(x), pool0], dim=1)
        x = relu(self.dec_conv1a(x))
        x = relu(self.dec_conv1b(x))
        with torch.autocast(x.device.type, enabled=False):  # eight bits of mantissa would show as bands
            x = self.dec_conv0(x.float())
        return inverse_log_curve(x) if self.output == "log" else x
