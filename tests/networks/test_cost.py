import pytest
import torch

from mcdenoise.networks import NETWORKS, create, kpn
from mcdenoise.networks.cost import cost_of
from mcdenoise.networks.guided_filter import GUIDES, guided_filter


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


@pytest.mark.parametrize("config", [{}, {"kernel": 3, "again": 0}, {"again": 3, "features": 0}])
def test_filters_are_counted_by_their_taps_and_channels(config, monkeypatch):
    """What is given to the filter, and by what of it taps are told apart, counted as the network runs."""
    counted = 0.0

    def counting(images, guides, logits, sharpness, kernel):
        nonlocal counted
        channels = sum(image.shape[1] for image in images)
        told = [weight for weight in sharpness[0].flatten(1) if weight.any()]
        compared = {0: 0, 1: 1, 3: sum(GUIDES)}[len(told)]
        counted += kernel**2 * (channels + compared + len(told)) * sharpness[0, 0].numel() / 32**2
        return guided_filter(images, guides, logits, sharpness, kernel)

    network = create("kpn", width=8, **config)
    said = cost_of(network).filters
    monkeypatch.setattr(kpn, "guided_filter", counting)
    network(*torch.rand(3, 1, 3, 32, 32))
    assert counted == pytest.approx(said)


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
