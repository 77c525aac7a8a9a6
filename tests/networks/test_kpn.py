import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mcdenoise.errors import ModelError
from mcdenoise.networks import create, host_network
from mcdenoise.networks.host_kernels import Head
from mcdenoise.networks.host_pyramid import filtered_again
from mcdenoise.networks.kpn import _SHARPNESS_AGAIN, _certainly_bright, _filter_pyramid, _filtered_again, _level
from mcdenoise.tonemap import log_curve, tonemap

DARKEST = 0.1  # albedo that radiance is divided by, at the least


def wild(seed=0, kernel=5, trust=0.0, again=5, features=16, input="log"):
    """A network whose kernels are far from uniform. trust: bias of its trust in irradiance; 100 is full, -100 none."""
    torch.manual_seed(seed)
    network = create(
        "kpn", width=8, kernel=kernel, growth=8, again=again, features=features, fine=1, input=input
    ).eval()
    for name, module in network.named_modules():
        if "kernels" in name:
            nn.init.normal_(module.weight, std=0.5)
        if name.endswith(".second"):
            nn.init.normal_(module.weight, std=0.05)
    with torch.no_grad():
        network.kernels0.bias[-4:] = trust
    return network


def picture(height=48, width=32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    radiance, albedo, normal = (torch.rand(2, 3, height, width, generator=generator) for _ in range(3))
    return radiance.exp() ** 3, albedo, normal * 2 - 1


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("value", [1e-3, 0.5, 300.0])
def test_a_constant_picture_stays_constant_whatever_the_weights(kernel, value):
    # Kernels add up to one at every scale, and the blend of scales adds nothing to what all agree upon.
    _, _, normal = picture()
    colour = torch.tensor([1.0, 0.4, 2.0])[None, :, None, None]
    radiance, albedo = (colour * value).expand(2, 3, 48, 32), (colour / 4).expand(2, 3, 48, 32)
    with torch.inference_mode():
        torch.testing.assert_close(
            wild(kernel=kernel)(radiance, albedo, normal), radiance.contiguous(), rtol=1e-4, atol=0
        )


def test_constant_radiance_stays_constant_where_radiance_is_trusted():
    _, albedo, normal = picture()
    radiance = torch.full_like(albedo, 0.7)
    with torch.inference_mode():
        torch.testing.assert_close(wild(trust=-100.0)(radiance, albedo, normal), radiance, rtol=1e-4, atol=0)


def test_texture_of_the_albedo_is_kept_exactly_where_irradiance_is_trusted():
    _, albedo, normal = picture()
    albedo = torch.where(torch.rand(albedo.shape, generator=torch.Generator().manual_seed(3)) > 0.5, 0.9, 0.2)
    with torch.inference_mode():
        output = wild(trust=100.0, again=0, features=0)(2 * albedo, albedo, normal)
    torch.testing.assert_close(output, 2 * albedo, rtol=1e-4, atol=0)


def test_untrained_it_is_a_blur_that_keeps_the_mean():
    torch.manual_seed(0)
    radiance, _, _ = picture(64, 64)
    none = torch.zeros_like(radiance)
    with torch.inference_mode():
        output = create("kpn", width=8).eval()(radiance, none, none)
    # Only edges, whose pixels are repeated, change the mean.
    assert float(output.mean()) == pytest.approx(float(radiance.mean()), rel=0.05)
    assert float(output.std()) < 0.3 * float(radiance.std())


@pytest.mark.parametrize("feature", ["albedo", "normal"])
def test_untrained_it_keeps_edges_that_features_show(feature):
    torch.manual_seed(0)
    network = create("kpn", width=8).eval()
    step = torch.zeros(1, 3, 32, 32)
    step[..., 16:] = 1
    radiance, none = 1 + 0.5 * step, torch.zeros_like(step)  # too little for brightness alone to tell
    shown = (0.1 + 0.8 * step, none) if feature == "albedo" else (none, step)
    with torch.inference_mode():
        kept, blurred = network(radiance, *shown), network(radiance, none, none)
    errors = [float((output - radiance)[..., 15:17].abs().max()) for output in (kept, blurred)]
    assert errors[1] > 0.1
    assert errors[0] < 0.5 * errors[1]


def levels_by_hand(side, kernel=3, confidence=None, cover=0.0):
    """What a network would predict for a picture of side x side: even kernels, no share of low frequencies replaced.

    confidence: logits for the finest scale, `[1, 1, side, side]`. cover: the logit, at all scales.
    """
    taps = kernel**2
    heads = []
    for scale in range(5):
        head = torch.zeros(1, taps + (4 if scale == 4 else 6), side >> scale, side >> scale)
        head[:, taps : taps + 3] = -100.0  # no edges but for the floors
        head[:, taps + 4 : taps + 5] = -100.0
        head[:, taps + 5 : taps + 6] = cover
        heads.append(head)
    finest = heads[0]
    finest[:, taps + 3] = 0.0 if confidence is None else confidence
    heads[0] = torch.cat([F.pixel_unshuffle(plane, 2) for plane in finest.split(1, dim=1)], 1)
    none = torch.zeros(1, 0, side, side)
    return [_level(head, kernel, 1 if number else 2, none) for number, head in enumerate(heads)]


def test_a_pixel_without_confidence_has_no_say_at_any_scale():
    side = 32
    radiance = torch.ones(1, 3, side, side)
    radiance[..., 13, 18] = 1000.0
    features = torch.zeros_like(radiance), torch.zeros_like(radiance)
    doubt = torch.full((1, side, side), 8.0)
    doubt[:, 13, 18] = -100.0
    # With cover the coarse scales are what is seen. Without confidence the firefly adds its ninth, or its share there.
    for cover, least in ((-100.0, 100.0), (100.0, 0.3)):
        told, not_told = (
            _filter_pyramid((radiance, radiance), features, levels_by_hand(side, confidence=which, cover=cover), 3)
            for which in (doubt, None)
        )
        assert float((not_told - 1).abs().max()) > least
        # The logit ends at -8: 1000 * e^-8 / 9 of it remains in a kernel of nine.
        assert float((told - 1).abs().max()) < 0.05


def test_where_it_is_covered_nothing_of_the_finer_scales_is_seen():
    side = 32
    generator = torch.Generator().manual_seed(1)
    radiance = torch.rand(1, 3, side, side, generator=generator) + 0.5
    features = torch.zeros_like(radiance), torch.zeros_like(radiance)
    # Two pixels of the coarsest scale each way, whose kernel of 3 x 3 takes replicated edges: nearly one colour.
    plain, covered = (
        _filter_pyramid((radiance, radiance), features, levels_by_hand(side, cover=cover), 3)
        for cover in (-100.0, 100.0)
    )
    neighbours = [float((image[..., 1:] - image[..., :-1]).abs().mean()) for image in (plain, covered)]
    assert neighbours[0] > 0.02
    assert neighbours[1] < 0.002


def test_calm_is_either_side_of_a_clean_edge_and_not_noise():
    clean = torch.full((1, 3, 32, 32), 0.2)
    clean[..., 16:] = 5.0
    assert float(_certainly_bright(clean)[1].min()) > 0.99
    # Radiance of one sample: black or bright, exponentially distributed.
    noisy = clean * torch.empty(1, 1, 32, 32).exponential_(generator=torch.Generator().manual_seed(2))
    # The least of nine is a ninth of the mean on average; the greatest square of nine such ratios is a tenth or so.
    assert float(_certainly_bright(noisy)[1].mean()) < 0.15


def test_it_never_goes_far_beyond_its_input_or_below_zero():
    radiance, albedo, normal = picture()
    highest = float((radiance / albedo.clip(min=DARKEST)).max())  # the larger of radiance and irradiance
    for seed in range(5):
        with torch.inference_mode():
            output = wild(seed)(radiance, albedo, normal)
        assert (output >= 0).all()
        # Each of the four blends swaps low frequencies and may overshoot; measured: by a few percent.
        assert float(output.max()) <= 1.5 * highest


@pytest.mark.parametrize("albedo", [0.0, 1e-9, 1e-2, 1.0])
@pytest.mark.parametrize("brightest", [1.0, 1e9, 1e30])
def test_no_albedo_and_no_firefly_makes_it_blow_up(albedo, brightest):
    radiance, _, normal = picture()
    radiance[:, :, 20, 11] = brightest
    features = torch.full_like(radiance, albedo)
    with torch.inference_mode():
        output = wild()(radiance, features, normal)
    assert output.isfinite().all()
    assert float(output.max()) <= 1.5 * float(radiance.max())


@pytest.mark.parametrize(("kernel", "again"), [(3, 3), (3, 0), (5, 5)])
@pytest.mark.parametrize("size", [(16, 16), (16, 80), (112, 304)])  # the last in several threads and bands
@pytest.mark.parametrize("input", ["log", "tonemapped"])
def test_without_gradients_it_is_the_same_function(input, size, kernel, again, monkeypatch):
    monkeypatch.setattr(host_network, "_BAND", 1)
    network = wild(kernel=kernel, again=again, input=input)
    radiance, albedo, normal = picture(*size)
    radiance[:, :, size[0] // 2, 3] = 1e6
    in_torch = network(radiance, albedo, normal).detach()
    with torch.no_grad():
        fused = network(radiance, albedo, normal)
    # Logits of some tens, in another order of float32's additions, three times one after the other.
    torch.testing.assert_close(fused, in_torch, rtol=3e-3, atol=1e-5)


def test_untrained_what_filters_once_more_keeps_what_is_there():
    outputs = []
    for again in (5, 0):
        torch.manual_seed(0)
        network = create("kpn", width=8, again=again).eval()
        with torch.no_grad():
            for head in (network.kernels0, network.kernels1):
                nn.init.zeros_(head.weight)
            outputs.append(network(*picture()))
    # Of 24 neighbours each has e^-7 of the pixel's weight, twice: 4% of what tells a pixel from its neighbours.
    assert 0 < float((outputs[0] - outputs[1]).abs().max()) < 0.05 * float(outputs[1].max() - outputs[1].min())


def once_more(image, logits, kernel=5):
    """In torch's terms and compiled, which must agree."""
    filtered = _filtered_again(image, logits, kernel)
    head = Head(
        logits.transpose(1, 2).contiguous().numpy(),
        np.zeros(logits.shape[1], np.float32),
        image.shape[3] // logits.shape[3],
    )
    compiled = filtered_again(image.numpy(), head, 0, kernel, _SHARPNESS_AGAIN)
    torch.testing.assert_close(torch.from_numpy(compiled), filtered, rtol=1e-5, atol=1e-7)
    return filtered


@pytest.mark.parametrize("channels", [3, 6])
@pytest.mark.parametrize(("height", "width", "step"), [(4, 6, 2), (5, 7, 1), (34, 520, 2)])
def test_what_filters_once_more_is_the_same_compiled(channels, height, width, step):
    generator = torch.Generator().manual_seed(width)
    image = torch.rand(2, channels, height, width, generator=generator).exp() ** 5
    logits = 3 * torch.randn(2, 25 * step**2, height // step, width // step, generator=generator)
    assert once_more(image, logits).shape == image.shape


def test_an_outline_may_be_made_up_from_either_side():
    # Left of column 8 is one colour, right of it another, and in it noise instead of the mixture of both.
    image = torch.zeros(1, 3, 16, 16)
    image[:, 0, :, :8] = 1
    image[:, 2, :, 9:] = 1
    image[:, :, :, 8] = torch.rand(1, 1, 16, generator=torch.Generator().manual_seed(0)) + 0.1
    logits = torch.full((1, 9, 16, 16), -60.0)
    logits[:, 4] = 0
    logits[:, 4, :, 8] = -60
    logits[:, 3, :, 8] = math.log(0.7)  # from the left
    logits[:, 5, :, 8] = math.log(0.3)
    filtered = once_more(image, logits, 3)
    # Both sides are as bright as each other, so the noise between them has no say in the shares.
    torch.testing.assert_close(filtered[..., 8], torch.tensor([0.7, 0, 0.3])[None, :, None].expand(1, 3, 16))
    torch.testing.assert_close(filtered[..., :8], image[..., :8])


def test_a_lamp_does_not_leak_over_its_outline():
    image = torch.full((1, 3, 16, 16), 0.2)
    image[..., 8:] = 60.0
    logits = torch.zeros(1, 25, 16, 16)
    logits[:, 12] = 5.0  # 0.6% for each neighbour, of which ten are in the lamp: 10 on the dark side, if all counted
    filtered = once_more(image, logits)
    assert float((filtered[..., :8] - 0.2).max()) < 0.2 * 0.2
    torch.testing.assert_close(filtered[..., 8:], image[..., 8:], rtol=0.1, atol=0)


@pytest.mark.parametrize("size", [(16, 16), (16, 80), (112, 48)])
def test_it_takes_any_multiple_of_16(size):
    network = wild()
    assert network.multiple == 16
    with torch.inference_mode():
        assert network(*picture(*size)).shape == (2, 3, *size)


def test_every_weight_learns():
    torch.manual_seed(0)
    network = wild().train()
    radiance, albedo, normal = picture(64, 64)
    ((network(radiance, albedo, normal) - 1) ** 2).mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name
        assert parameter.grad.isfinite().all(), name


def test_blocks_begin_as_nothing():
    torch.manual_seed(0)
    network, without = create("kpn", width=8, fine=1), create("kpn", width=8, blocks=0)
    missing = without.load_state_dict(network.state_dict(), strict=False)
    assert not missing.missing_keys
    assert {name.split(".")[0] for name in missing.unexpected_keys} == {f"blocks{level}" for level in (1, 2, 3, 4)}
    images = picture()
    with torch.no_grad():
        assert torch.equal(network(*images), without(*images))
        for level in "14":
            network.get_submodule(f"blocks{level}")[0].second.weight.normal_()
            assert not torch.equal(network(*images), without(*images))
            network.get_submodule(f"blocks{level}")[0].second.weight.zero_()


def test_it_sees_logarithms_or_t_of_radiance_beside_that_of_irradiance():
    radiance, albedo, normal = picture(16, 16)
    for input, curve in (("log", log_curve), ("tonemapped", tonemap)):
        network = create("kpn", width=8, features=0, input=input)
        seen = []
        network.enc1a.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0]))
        network(radiance, albedo, normal)  # with gradients, in torch's own terms
        expected = [log_curve(radiance / albedo.clip(min=0.02)), curve(radiance), albedo, normal]
        torch.testing.assert_close(seen[0], F.pixel_unshuffle(torch.cat(expected, dim=1), 2))
    with pytest.raises(ModelError, match="input must be log or tonemapped"):
        create("kpn", input="linear")


def test_features_are_filtered_by_kernels_of_their_own_which_change_little_to_begin_with():
    torch.manual_seed(0)
    network = create("kpn", width=8).eval()
    _, albedo, normal = picture()
    with torch.no_grad():
        filtered = network.features(albedo, normal)
        for before, after in zip((albedo, normal), filtered, strict=True):
            assert 0 < float((after - before).square().mean()) < 0.01 * float(before.var())
        network.features.kernels.bias.zero_()  # even kernels: what is left of noise has 1/25 of its variance, inside
        for before, after in zip((albedo, normal), network.features(albedo, normal), strict=True):
            inside = (..., slice(2, -2), slice(2, -2))
            assert float(after[inside].var()) == pytest.approx(float(before.var()) / 25, rel=0.2)


def test_what_features_are_clean_for_is_learnt_from_the_picture():
    """Noise on the albedo alone: steps of the feature stage alone, on a loss of the picture alone, take it away."""
    torch.manual_seed(0)
    network = create("kpn", width=8, features=8)
    network.requires_grad_(False)
    network.features.requires_grad_(True)
    optimizer = torch.optim.Adam(network.features.parameters(), lr=1e-2)
    albedo = torch.full((1, 3, 48, 48), 0.5)
    albedo[..., 24:] = 0.2
    normal = torch.zeros_like(albedo)
    generator = torch.Generator().manual_seed(1)
    errors = []
    for _ in range(40):
        noisy = albedo * (1 + 0.3 * torch.randn(1, 1, 48, 48, generator=generator))
        errors.append(float((network.features(noisy, normal)[0].detach() - albedo).square().mean()))
        loss = (network(2 * albedo, noisy, normal) - 2 * albedo).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert errors[-1] < 0.5 * errors[0]


@pytest.mark.parametrize("features", [0, 16])
def test_shapes_that_do_not_fit_are_refused_before_compiled_passes_read_beyond_them(features):
    network = create("kpn", width=8, features=features).eval()
    one, small, grey, odd = (torch.rand(1, *shape) for shape in ((3, 32, 32), (3, 16, 16), (1, 32, 32), (3, 33, 32)))
    wrong = [(one, one, small), (one, small, one), (one, grey, one), (one.expand(2, -1, -1, -1), one, one)]
    with torch.no_grad():
        for images in [*wrong, (odd, odd, odd), (odd.mT, odd.mT, odd.mT)]:
            with pytest.raises(ValueError, match=r"must be \[B, 3, H, W\]|multiples of 16"):
                network(*images)


def test_negative_zero_is_zero():
    network = create("kpn", width=8).eval()
    radiance, albedo, normal = picture(32, 32)
    radiance[:, :, 8:16] = 0
    with torch.no_grad():
        expected = network(radiance, albedo, normal)
        found = network(torch.where(radiance == 0, -0.0, radiance), albedo, normal)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_another_half_precision_of_the_caller_s_is_no_error():
    network = create("kpn", width=8).eval()
    images = picture(32, 32)
    with torch.no_grad():
        expected = network(*images)
        with torch.autocast("cpu", torch.float16):
            found = network(*images)
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05)
