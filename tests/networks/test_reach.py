"""What every network promises to whoever cuts pictures into tiles."""

import pytest
import torch
from torch import nn

from mcdenoise.networks import NETWORKS, create


def network_that_uses_all(name):
    torch.manual_seed(1)
    network = create(name).eval()
    for part, module in network.named_modules():
        if part.endswith(".second"):  # which begins as nothing
            nn.init.kaiming_normal_(module.weight)
    return network


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_nothing_beyond_its_reach_has_a_say(name):
    network = network_that_uses_all(name)
    reach, multiple = network.reach, network.multiple
    assert reach % multiple == 0
    side = 2 * reach + 3 * multiple
    image = torch.rand(1, 9, 2 * multiple, side)
    differences = []
    for at in range(reach + multiple, reach + 2 * multiple):  # wherever it falls within what is pooled together
        for distance in (reach + 1, reach // 8):
            changed = image.clone()
            changed[..., at + distance :] = torch.rand(9, 1, 1)
            with torch.inference_mode():
                one, other = (network(x[:, :3], x[:, 3:6], x[:, 6:]) for x in (image, changed))
            differences.append((one - other)[..., : at + 1].abs().max().item())
    assert max(differences[::2]) == 0
    assert min(differences[1::2]) > 0, "what is near has one"
