import pytest
import torch

from mcdenoise.networks import NETWORKS, create
from mcdenoise.networks.cost import cost_of


def layer(channels_in, channels_out, level=0):
    """Multiply-adds of a 3x3 convolution for each pixel of the picture, `level` times pooled."""
    return 9 * channels_in * channels_out / 4**level


def test_multiply_adds_of_the_papers_u_net_are_those_counted_by_hand():
    encoder = layer(9, 48) + layer(48, 48) + sum(layer(48, 48, level) for level in range(1, 6))
    decoder = layer(96, 96, 4) + layer(96, 96, 4) + sum(layer(144, 96, k) + layer(96, 96, k) for k in (1, 2, 3))
    end = layer(105, 64) + layer(64, 32) + layer(32, 3)
    assert cost_of(create("unet")).multiply_adds == encoder + decoder + end


def test_without_pooling_every_weight_is_used_once_a_pixel():
    network = create("red30", width=8)
    biases = 29 * 8 + 3
    assert cost_of(network).multiply_adds == cost_of(network).parameters - biases


@pytest.mark.parametrize("name", NETWORKS)
def test_it_leaves_the_network_as_it_is_and_says_its_reach(name):
    torch.manual_seed(0)
    network = create(name, **({"width": 8} if name in ("kpn", "red30") else {}))
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    cost = cost_of(network)
    assert cost == cost_of(network)
    assert cost.reach == network.reach
    assert cost.parameters == sum(tensor.numel() for tensor in before.values())
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
