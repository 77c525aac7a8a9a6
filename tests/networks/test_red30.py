import pytest
import torch
from torch import nn

from mcdenoise.errors import ModelError
from mcdenoise.networks import create
from mcdenoise.tonemap import inverse_log_curve, log_curve


def inputs(height=9, width=14, seed=0):
    generator = torch.Generator().manual_seed(seed)
    radiance, albedo, normal = (torch.rand(1, 3, height, width, generator=generator) for _ in range(3))
    return radiance.exp() ** 5, albedo, normal * 2 - 1


def test_its_layers_are_those_of_the_paper():
    network = create("red30")
    assert [(layer.in_channels, layer.out_channels) for layer in network.conv] == [(9, 128)] + 14 * [(128, 128)]
    assert [(layer.in_channels, layer.out_channels) for layer in network.deconv] == 14 * [(128, 128)] + [(128, 3)]
    assert {type(layer) for layer in network.deconv} == {nn.ConvTranspose2d}
    layers = [*network.conv, *network.deconv]
    assert all((layer.kernel_size, layer.stride, layer.padding) == ((3, 3), (1, 1), (1, 1)) for layer in layers)
    of_the_paper = (9 * 3 + 1) * 128 + 28 * (9 * 128 + 1) * 128 + (9 * 128 + 1) * 3  # three channels in, three out
    assert sum(parameter.numel() for parameter in network.parameters()) == of_the_paper + 9 * 6 * 128 == 4_146_307


@pytest.mark.parametrize("added", [0.0, 0.125])
def test_with_weights_of_zero_radiance_comes_back_plus_what_is_added_on_the_curve(added):
    network = create("red30", width=8)
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    nn.init.constant_(network.deconv[-1].bias, added)
    radiance, albedo, normal = inputs()
    radiance[0, :, 2, 3] = torch.tensor([0.0, 1e4, 1e-6])
    # The curve in float32 keeps five digits of the bright, and of the dark what 1e-7 on it means.
    expected = inverse_log_curve(log_curve(radiance.double()) + added).float()
    torch.testing.assert_close(network(radiance, albedo, normal), expected, rtol=2e-5, atol=1e-8)


def test_every_second_convolution_is_added_to_its_mirror_before_the_relu():
    torch.manual_seed(1)
    network = create("red30", width=8).eval()
    seen, made = {}, {}

    def record(layer, given, output):
        seen[layer], made[layer] = given[0], output

    for layer in (*network.conv, *network.deconv):
        layer.register_forward_hook(record)
    with torch.inference_mode():
        network(*inputs())
        for number in range(1, 15):
            expected = made[network.deconv[number - 1]]
            if number % 2 == 1:
                expected = expected + made[network.conv[14 - number]].relu()  # 1-based: the 15 - number th
            torch.testing.assert_close(seen[network.deconv[number]], expected.relu(), rtol=0, atol=0)


def test_training_begins_near_the_input():
    torch.manual_seed(0)
    radiance, albedo, normal = inputs(32, 32)
    with torch.inference_mode():
        change = log_curve(create("red30")(radiance, albedo, normal)) - log_curve(radiance)
    assert 0.001 < float(change.std()) < 0.5 * float(log_curve(radiance).std())


def test_every_weight_learns():
    torch.manual_seed(0)
    network = create("red30", width=8)
    ((network(*inputs()) - 1) ** 2).mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.any(), name
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("width", [0, 513])
def test_a_width_that_is_none_is_refused(width):
    with pytest.raises(ModelError, match="1 to 512"):
        create("red30", width=width)
