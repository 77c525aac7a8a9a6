import math

import pytest
import torch
from torch import nn

from mcdenoise.errors import ModelError
from mcdenoise.networks import create
from mcdenoise.tonemap import tonemap

# Lehtinen et al. 2018, table 2, with 9 channels in and 3 out: (channels in, channels out) of each 3x3 convolution.
LAYERS = {
    "enc_conv0": (9, 48),
    "enc_conv1": (48, 48),
    "enc_conv2": (48, 48),
    "enc_conv3": (48, 48),
    "enc_conv4": (48, 48),
    "enc_conv5": (48, 48),
    "enc_conv6": (48, 48),
    "dec_conv5a": (96, 96),
    "dec_conv5b": (96, 96),
    "dec_conv4a": (144, 96),
    "dec_conv4b": (96, 96),
    "dec_conv3a": (144, 96),
    "dec_conv3b": (96, 96),
    "dec_conv2a": (144, 96),
    "dec_conv2b": (96, 96),
    "dec_conv1a": (105, 64),
    "dec_conv1b": (64, 32),
    "dec_conv0": (32, 3),
}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return create("unet").eval()


def inputs(height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    radiance, albedo, normal = (torch.rand(1, 3, height, width, generator=generator) for _ in range(3))
    return radiance * 2, albedo, normal * 2 - 1


def test_its_layers_are_those_of_the_paper(network):
    convolutions = {name: module for name, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    assert {name: (conv.in_channels, conv.out_channels) for name, conv in convolutions.items()} == LAYERS
    assert all(conv.kernel_size == (3, 3) and conv.padding == (1, 1) for conv in convolutions.values())
    by_hand = sum((9 * channels_in + 1) * channels_out for channels_in, channels_out in LAYERS.values())
    assert sum(parameter.numel() for parameter in network.parameters()) == by_hand == 997_251


def test_it_starts_with_he_scale(network):
    for name, (channels_in, _) in LAYERS.items():
        conv = network.get_submodule(name)
        he = math.sqrt(2 / (1 + 0.1**2) / (9 * channels_in))  # for leaky ReLU of slope 0.1
        # The smallest layer has 864 weights, whose standard deviation is known to 2.4%: four times that.
        assert float(conv.weight.detach().std()) == pytest.approx(he, rel=0.1)
        assert not conv.bias.any()


@pytest.mark.parametrize("size", [(32, 32), (32, 96), (96, 64)])
def test_it_takes_any_multiple_of_32(network, size):
    assert network.multiple == 32
    with torch.inference_mode():
        assert network(*inputs(*size)).shape == (1, 3, *size)


def test_output_on_the_log_curve_is_bounded_below_and_linear_is_not():
    torch.manual_seed(1)
    for output, least in (("log", -1 / 50), ("linear", -math.inf)):
        network = create("unet", output=output).eval()
        nn.init.constant_(network.dec_conv0.bias, -30.0)
        with torch.inference_mode():
            values = network(*inputs(32, 32))
        assert values.isfinite().all()
        assert float(values.min()) >= least
        assert (float(values.min()) < -1) == (output == "linear")


def test_the_input_is_joined_just_before_the_last_three_layers():
    # With all that enc_conv0 feeds cut off, only the skip of the input is left, and three 3x3 layers see 7x7 pixels.
    torch.manual_seed(2)
    network = create("unet").eval()
    nn.init.zeros_(network.enc_conv0.weight)
    picture = list(inputs(64, 64))
    changed = [image.clone() for image in picture]
    changed[0][:, :, 30, 33] += 1
    with torch.inference_mode():
        difference = (network(*picture) - network(*changed)).abs().sum(dim=1)[0]
    rows, columns = torch.nonzero(difference, as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (27, 33, 30, 36)


@pytest.mark.parametrize("level", ["enc_conv2", "enc_conv3", "enc_conv4", "enc_conv5", "enc_conv6"])
def test_every_level_counts(network, level):
    picture = inputs(64, 64)
    with torch.inference_mode():
        before = network(*picture)
        weight = network.get_submodule(level).weight
        kept = weight.clone()
        weight.zero_()
        after = network(*picture)
        weight.copy_(kept)
    assert not torch.allclose(before, after)


def test_it_sees_albedo_and_normal(network):
    radiance, albedo, normal = inputs(32, 32)
    with torch.inference_mode():
        whole = network(radiance, albedo, normal)
        assert not torch.allclose(whole, network(radiance, torch.zeros_like(albedo), normal))
        assert not torch.allclose(whole, network(radiance, albedo, torch.zeros_like(normal)))


def test_with_linear_input_it_sees_radiance_as_it_is_and_else_tonemapped(network):
    linear = create("unet", input="linear").eval()
    linear.load_state_dict(network.state_dict())
    radiance, albedo, normal = inputs(32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(linear(tonemap(radiance), albedo, normal), network(radiance, albedo, normal))
        # Values below zero are all black to the curve, and not to a network that has none.
        assert torch.equal(network(-radiance, albedo, normal), network(-2 * radiance, albedo, normal))
        assert not torch.allclose(linear(-radiance, albedo, normal), linear(-2 * radiance, albedo, normal))


def test_every_layer_has_channels_in_proportion_to_the_width():
    narrow = create("unet", width=24)
    for name, (channels_in, channels_out) in LAYERS.items():
        layer = narrow.get_submodule(name)
        expected_in = {9: 9, 105: 48 + 9}.get(channels_in, channels_in // 2)
        assert layer.in_channels == expected_in
        assert layer.out_channels == (3 if channels_out == 3 else channels_out // 2)


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        ("resnet", {}, "unet, kpn"),
        ("unet", {"output": "cubic"}, "linear or log"),
        ("unet", {"input": "log"}, "tonemapped or linear"),
        ("unet", {"width": 2}, "3 to 512"),
        ("unet", {"width": "48"}, "width"),
        ("unet", {"widht": 3}, "widht"),
        ("kpn", {"width": 10**9}, "8 to 512"),
        ("kpn", {"width": 7}, "8 to 512"),
        ("kpn", {"width": "48"}, "width"),
        ("kpn", {"kernel": 4}, "odd"),
        ("kpn", {"kernel": 999}, "odd"),
    ],
)
def test_what_cannot_be_built_is_refused_in_a_sentence(name, config, said):
    with pytest.raises(ModelError, match=said) as caught:
        create(name, **config)
    assert "\n" not in str(caught.value)
