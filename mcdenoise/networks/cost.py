"""What a network costs: how much it holds, computes and sees."""

from dataclasses import dataclass

import torch
from torch import nn

from mcdenoise.networks.kpn import KPN


@dataclass(frozen=True)
class Cost:
    """parameters: numbers that training sets. multiply_adds: of its convolutions, for each pixel of a picture; filters:
    those of its filters by predicted kernels.

    reach: no pixel has a say in another that is more than so many rows or columns away.
    """

    parameters: int
    multiply_adds: float
    filters: float
    reach: int


def cost_of(network: nn.Module) -> Cost:
    """Counted while the network, which is on the CPU, runs once on as few pixels as it takes.

    All else that networks do (curves, pooling, joining) is not counted.
    """
    multiply_adds = 0

    def count(layer: nn.Module, _: tuple, output: torch.Tensor) -> None:
        nonlocal multiply_adds
        multiply_adds += layer.weight.numel() * output.shape[2] * output.shape[3]

    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    side = network.multiple
    picture = torch.zeros(1, 3, side, side)
    try:
        with torch.enable_grad():  # without gradients some networks compute in other ways, at which hooks do not see
            network(picture, picture, picture)
    finally:
        for hook in hooks:
            hook.remove()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    filters = network.filter_multiply_adds if isinstance(network, KPN) else 0.0
    return Cost(parameters, multiply_adds / side**2, filters, network.reach)
