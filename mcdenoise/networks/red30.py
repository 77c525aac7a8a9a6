"""RED30, the residual encoder-decoder of Mao, Shen and Yang 2016, as Noise2Noise used it for photographs."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from mcdenoise.tonemap import inverse_log_curve, log_curve

_DEPTH = 15


class RED30(nn.Module):
    """15 convolutions and 15 transposed convolutions, 3x3, all at full resolution, each but the last with a ReLU.

    From Mao et al. 2016 (arXiv 1606.08921): that, 128 channels, the output of every second convolution added to that of
    the transposed one that mirrors it, before its ReLU, and the input added to the output. Ours: nine channels of
    input, of which radiance is added to the output; `log_curve`, on which radiance is seen, added and predicted, so
    that zero weights leave it as it is; and a last layer that begins small, so that training begins near there. It
    costs 23 times what the paper's U-Net does. width: channels of all layers but the last.
    """

    name = "red30"
    multiple = 1
    reach = 2 * _DEPTH
    at_once = 500_000  # pixels, of which the skips hold 3.5 KB each

    def __init__(self, width: int = 128):
        super().__init__()
        if not 1 <= width <= 512:
            raise ValueError(f"width must be 1 to 512, not {width}")
        self.config = {"width": width}
        channels = [9] + [width] * _DEPTH
        self.conv = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in pairwise(channels))
        channels = [width] * _DEPTH + [3]
        self.deconv = nn.ModuleList(nn.ConvTranspose2d(i, o, 3, padding=1) for i, o in pairwise(channels))
        for layer in (*self.conv, *self.deconv):
            # He et al. 2015; a transposed convolution keeps its channels the other way round.
            nn.init.kaiming_normal_(layer.weight, mode="fan_out" if layer.transposed else "fan_in", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.deconv[-1].weight *= 0.01

    def forward(self, radiance: Tensor, albedo: Tensor, normal: Tensor) -> Tensor:
        """See `mcdenoise.networks`."""
        curved = log_curve(radiance)
        x = torch.cat([curved, albedo, normal], dim=1)
        skips = []
        for number, layer in enumerate(self.conv, start=1):
            x = torch.relu(layer(x))
            if number % 2 == 0:
                skips.append(x)
        for number, layer in enumerate(self.deconv[:-1], start=1):
            x = layer(x)
            if number % 2 == 1:
                x = x + skips.pop()
            x = torch.relu(x)
        with torch.autocast(x.device.type, enabled=False):  # eight bits of mantissa would show as bands
            return inverse_log_curve(curved.float() + self.deconv[-1](x.float()))
