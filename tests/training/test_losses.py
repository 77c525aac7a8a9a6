"""What each loss is drawn to by noisy targets, found from its gradient, is what its docstring says."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from mcdenoise.tonemap import tonemap
from mcdenoise.training.losses import (
    LOSSES,
    hdr,
    hdr_display,
    hdr_guided,
    hdr_mean,
    hdr_reinhard,
    hdr_robust,
    hdr_studentized,
    l0,
    l1,
    l2,
    l2_tonemapped,
    loss_at,
    relmse,
    smape,
)

MEANS = ["hdr", "hdr-mean", "l2"]


def test_hdr_is_the_formula_and_no_gradient_flows_through_its_denominator():
    f = torch.tensor([0.0, 0.5, 3.0, 100.0], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([1.0, 0.4, 0.0, 170.0], dtype=torch.float64)
    loss = hdr(f, y)
    loss.backward()
    g = f.detach()
    assert float(loss.detach()) == pytest.approx(float(((g - y) ** 2 / (g + 0.01) ** 2).mean()))
    torch.testing.assert_close(f.grad, 2 * (g - y) / (g + 0.01) ** 2 / 4)


def test_hdr_bears_slightly_negative_predictions():
    f = torch.tensor([-0.02, -0.01, -0.005], requires_grad=True)
    loss = hdr(f, torch.ones(3))
    loss.backward()
    assert loss.isfinite()
    assert (f.grad < 0).all()  # upwards, to the target


def minimiser(loss, y):
    """The colour `[3]` that the loss's gradient draws a constant picture to, by bisection; y: `[1, 3, 1, N]`."""
    low, high = torch.full((3,), 1e-4, dtype=y.dtype), y.amax(dim=(0, 2, 3))
    for _ in range(50):
        middle = (low * high).sqrt().requires_grad_()
        loss(middle.view(1, 3, 1, 1).expand_as(y), y).backward()
        low, high = (
            torch.where(middle.grad > 0, low, middle.detach()),
            torch.where(middle.grad > 0, middle.detach(), high),
        )
    return low


def grey(values):
    return values.expand(1, 3, 1, -1)


@pytest.fixture(scope="module")
def heavy_tailed():
    """Radiance as paths bring it: log-normal, and one path in a hundred from a Pareto tail of index 2.1."""
    generator = torch.Generator().manual_seed(0)
    usual = torch.exp(0.8 * torch.randn(100_000, generator=generator, dtype=torch.float64))
    firefly = 5 * torch.rand(1000, generator=generator, dtype=torch.float64) ** (-1 / 2.1)
    return torch.cat([usual[:-1000], firefly])


@pytest.mark.parametrize("name", MEANS)
def test_the_minimiser_is_the_mean_of_the_noisy_targets_in_every_channel(name, heavy_tailed):
    # Exact but for the bisection: all gradients are a positive weight times (f - mean of y).
    y = heavy_tailed * torch.tensor([1.0, 0.1, 5.0], dtype=torch.float64).view(1, 3, 1, 1)
    torch.testing.assert_close(minimiser(LOSSES[name], y), y.mean(dim=(0, 2, 3)), rtol=1e-6, atol=0)


def test_the_minimiser_of_l1_is_the_median(heavy_tailed):
    found = float(minimiser(l1, grey(heavy_tailed))[0])
    assert found == pytest.approx(float(heavy_tailed.median()), rel=1e-3)  # between two of 100,000 draws
    assert found < 0.75 * float(heavy_tailed.mean())


def test_the_minimiser_of_smape_is_a_weighted_median_and_near_the_median(heavy_tailed):
    found = float(minimiser(smape, grey(heavy_tailed))[0])
    weights = (2 * heavy_tailed + 0.01) / (found + heavy_tailed + 0.01) ** 2
    below = float(weights[heavy_tailed < found].sum() / weights.sum())
    assert below == pytest.approx(0.5, abs=1e-4)
    # But for the hundredth part that is not log-normal, and 0.01 in the denominator.
    assert found == pytest.approx(float(heavy_tailed.median()), rel=0.03)


def test_the_minimiser_with_tonemapped_targets_is_below_the_mean_by_what_the_curve_says(heavy_tailed):
    found = float(minimiser(l2_tonemapped, grey(heavy_tailed))[0])
    mean = float(tonemap(heavy_tailed).mean()) ** 2.2
    assert found == pytest.approx(mean / (1 - mean), rel=1e-6)
    assert found < 0.8 * float(heavy_tailed.mean())
    same = torch.full((10,), found, dtype=torch.float64)
    assert float(minimiser(l2_tonemapped, grey(same))[0]) == pytest.approx(found, rel=1e-4)  # without noise it is right


def test_the_robust_minimiser_is_the_mean_of_what_is_not_cut_and_within_the_stated_bias(heavy_tailed):
    found = float(minimiser(hdr_robust, grey(heavy_tailed))[0])
    assert found == pytest.approx(float(heavy_tailed.clip(max=found + 10 * (found + 0.01)).mean()), rel=1e-6)
    mean, deviation = float(heavy_tailed.mean()), float(heavy_tailed.std())
    assert deviation <= 3 * (mean + 0.01)
    assert 0 < mean - found <= deviation**2 / (20 * (mean + 0.01))


def test_the_guided_minimiser_counts_each_target_by_the_inverse_of_its_guide():
    """What may be dark or bright: its harmonic mean if the guide knows which, its mean if it knows no more."""
    generator = torch.Generator().manual_seed(1)
    truth = torch.where(torch.rand(200_000, generator=generator, dtype=torch.float64) < 0.5, 0.1, 2.0)
    y = truth * (0.5 + torch.rand(200_000, generator=generator, dtype=torch.float64))
    loss = partial(hdr_guided, guide=grey(truth), seen=grey(truth), noisy=grey(truth))
    weight = 1 / (truth + 0.01)
    found = minimiser(loss, grey(y))
    torch.testing.assert_close(found, ((y * weight).sum() / weight.sum()).expand(3), rtol=1e-6, atol=0)
    # 0.190, and the sum over 200,000 noisy targets is off by less than a thousandth of that
    assert float(found[0]) == pytest.approx(1 / float((1 / truth).mean()), rel=0.06)  # 0.01 more or less
    nothing = grey(torch.full_like(y, 0.7))
    knows_nothing = partial(hdr_guided, guide=nothing, seen=nothing, noisy=nothing)
    torch.testing.assert_close(minimiser(knows_nothing, grey(y)), y.mean().expand(3), rtol=1e-6, atol=0)


def test_guided_by_the_prediction_itself_it_is_the_robust_loss(heavy_tailed):
    f = torch.rand(1, 3, 4, 25, dtype=torch.float64, requires_grad=True)
    y = heavy_tailed[-300:].view(1, 3, 4, 25)
    one, other = hdr_guided(f, y, f, f, f), hdr_robust(f, y)
    torch.testing.assert_close(one, other)
    torch.testing.assert_close(*(torch.autograd.grad(loss, f)[0] for loss in (one, other)))


def test_where_renders_show_no_noise_the_studentized_loss_is_the_guided_one():
    generator = torch.Generator().manual_seed(4)
    f, y, guide = (torch.rand(1, 3, 16, 24, dtype=torch.float64, generator=generator) for _ in range(3))
    f.requires_grad_()
    one, other = hdr_studentized(f, 30 * y, *(3 * [guide])), hdr_guided(f, 30 * y, *(3 * [guide]))
    torch.testing.assert_close(one, other)
    torch.testing.assert_close(*(torch.autograd.grad(loss, f)[0] for loss in (one, other)))


@pytest.mark.parametrize("rarity", [15, 50])
def test_light_that_comes_rarely_everywhere_is_kept_by_the_studentized_loss(rarity):
    """Of which the guided loss loses half and more. Two pictures of it: target, and what is seen."""
    generator = torch.Generator().manual_seed(2)
    lit = torch.rand(2, 1, 256, 256, generator=generator, dtype=torch.float64) < 1 / rarity
    y, seen = (rarity * lit.double()).unsqueeze(1).expand(-1, 3, -1, -1, -1).flatten(2, 3).split(1)
    guide = torch.ones_like(y)
    found = {
        loss: float(minimiser(partial(loss, guide=guide, seen=seen, noisy=seen), y)[0])
        for loss in (hdr_studentized, hdr_guided)
    }
    # The mean of 65,536 such pixels has a standard error of at most 0.03.
    assert found[hdr_studentized] == pytest.approx(float(y.mean()), rel=0.05)
    assert found[hdr_guided] < 0.6


def test_no_value_pulls_harder_than_twenty_in_the_studentized_loss():
    f = torch.ones(1, 3, 32, 32, dtype=torch.float64, requires_grad=True)
    y = torch.ones_like(f)
    y[..., 5, 7] = 1e6
    seen = torch.ones_like(f)
    seen[..., 5, 9] = 1e4  # which makes all around it weigh less, and the firefly no more
    hdr_studentized(f, y, torch.ones_like(f), seen, seen).backward()
    assert float(f.grad.abs().max()) * f.numel() * 1.01 == pytest.approx(20, rel=1e-3)


def test_the_display_loss_is_the_studentized_one_of_means_too_weighted_by_what_a_screen_shows_and_by_calm():
    generator = torch.Generator().manual_seed(6)
    f, y, seen, noisy = (2 * torch.rand(2, 3, 32, 48, dtype=torch.float64, generator=generator) for _ in range(4))
    expected = 0.0
    spread = F.avg_pool2d(((noisy - 0.8).mean(dim=1, keepdim=True) / 0.81) ** 2, 25, 1, 12, count_include_pad=False)
    spread = spread.mean(dim=(1, 2, 3), keepdim=True)
    calm = ((1 + spread) / (0.05 + spread)).sqrt()
    seen[1] = 0.8 + 0.05 * seen[1]  # the second picture has hardly any noise
    spread = F.avg_pool2d(((seen - 0.8).mean(dim=1, keepdim=True) / 0.81) ** 2, 25, 1, 12, count_include_pad=False)
    noiseless = 1 + 20 * 0.003 / (0.003 + spread)
    assert noiseless[0].max() < 1.4 < 5 < noiseless[1].min()
    for side, around in ((1, 25), (4, 7), (16, 1)):
        a, b, c = (F.avg_pool2d(image, side) for image in (f, y, seen))
        guide = torch.full_like(a, 0.8)
        m = a.mean(dim=1, keepdim=True) + 0.01
        spread = ((c - guide).mean(dim=1, keepdim=True) / 0.81) ** 2
        spread = F.avg_pool2d(spread, around, 1, around // 2, count_include_pad=False)
        tone = (m / (1 + m)) ** (1 / 2.2)
        slope = tone / 2.2 / (m * (1 + m))  # T'(m)
        best = (5 / 16) ** (1 / 2.2) / 2.2 * (11 / 16)
        weight = (1.0 if side == 1 else 0.5) * (1 + (m * slope / best) ** 2) * calm
        weight = weight * F.avg_pool2d(noiseless, side)
        expected += float((weight * (a - b) ** 2 / (m * 0.81) / (1 + spread).sqrt()).mean())
    assert float(hdr_display(f, y, torch.full_like(f, 0.8), seen, noisy)) == pytest.approx(expected, rel=1e-6)
    small = torch.ones(1, 3, 2, 2)
    assert float(hdr_display(*(5 * [small]))) == 0


def test_the_minimiser_of_the_display_loss_is_the_mean_of_noisy_targets(heavy_tailed):
    """Where the guide knows no more than the mean; blocks of noise are as unbiased as its pixels."""
    y = heavy_tailed[: 256 * 384].view(1, 1, 256, 384).expand(-1, 3, -1, -1)
    y = y.clip(max=10 * float(y.median()))  # beyond that the Huber loss cuts, as the studentized one does
    guide = torch.full_like(y, float(y.mean()))
    found = minimiser(partial(hdr_display, guide=guide, seen=guide, noisy=guide), y)
    torch.testing.assert_close(found, y.mean().expand(3), rtol=2e-3, atol=0)


def test_the_minimiser_relative_to_noisy_targets_counts_each_by_its_own_weight_and_is_far_below_the_mean(heavy_tailed):
    found = float(minimiser(relmse, grey(heavy_tailed))[0])
    weight = 1 / (heavy_tailed + 0.01) ** 2
    assert found == pytest.approx(float((heavy_tailed * weight).sum() / weight.sum()), rel=1e-6)
    assert found < 0.4 * float(heavy_tailed.mean())
    black = torch.cat([heavy_tailed, torch.zeros(1000, dtype=torch.float64)])  # one in a hundred
    assert float(minimiser(relmse, grey(black))[0]) < 0.05 * float(black.mean())
    same = torch.full((10,), 0.7, dtype=torch.float64)
    assert float(minimiser(relmse, grey(same))[0]) == pytest.approx(0.7, rel=1e-6)  # without noise it is right


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_the_reinhard_minimiser_is_below_the_mean_by_no_more_than_a_hundredth_of_the_variance(heavy_tailed, scale):
    y = scale * heavy_tailed
    found = float(minimiser(hdr_reinhard, grey(y))[0])
    mean_of_curve = float((y / (1 + y / 100)).mean())
    assert found == pytest.approx(mean_of_curve / (1 - mean_of_curve / 100), rel=1e-6)
    assert 0 < float(y.mean()) - found <= float(y.var()) / 100
    # As bright as pictures are, and noisier than most: nearly right, where the curve of pictures is wrong by a fifth.
    assert scale > 1 or found > 0.97 * float(y.mean())


def test_near_its_target_the_reinhard_loss_is_hdr_mean():
    f = torch.tensor([50.0, 2.0, 0.02], dtype=torch.float64).view(1, 3, 1, 1)
    gradients = []
    for loss in (hdr_reinhard, hdr_mean):
        g = f.clone().requires_grad_()
        loss(g, 1.0001 * f).backward()
        gradients.append(g.grad)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=0)


@pytest.mark.parametrize(("rarity", "kept"), [(4, 1.0), (15, 0.05)])
def test_the_robust_loss_loses_light_that_comes_more_rarely_than_one_time_in_eleven(rarity, kept):
    y = torch.zeros(12_000, dtype=torch.float64)
    y[::rarity] = float(rarity)
    assert float(minimiser(hdr_robust, grey(y))[0]) == pytest.approx(kept, rel=1e-6 if kept == 1 else 0.5)


def test_one_firefly_does_not_own_a_step_of_the_robust_losses():
    y = torch.ones(1, 3, 32, 32)
    y[..., 5, 7] = 1e6
    shares = []
    for loss in (hdr_mean, hdr_robust, hdr_reinhard):
        f = torch.full_like(y, 0.5, requires_grad=True)
        loss(f, y).backward()
        shares.append(float(f.grad[..., 5, 7].abs().sum() / f.grad.abs().sum()))
    assert shares[0] > 0.99
    assert shares[1] < 0.02  # of 1,024 pixels
    assert shares[2] < 0.17  # it counts as a residual of 100, the others' are 0.5


def test_a_weight_for_a_pixel_pulls_all_its_channels_alike_whatever_its_colour():
    f = torch.tensor([2.0, 0.5, 0.02]).view(1, 3, 1, 1).requires_grad_()
    hdr_mean(f, f.detach() + 0.1).backward()
    torch.testing.assert_close(f.grad.flatten(), f.grad.flatten()[:1].expand(3))
    f.grad = None
    hdr(f, f.detach() + 0.1).backward()
    assert f.grad[0, 2] / f.grad[0, 0] > 1000


def test_annealed_l0_leads_from_the_mean_over_the_median_to_the_mode():
    """Three values in ten are right, the others anywhere from 0.2 to 2."""
    generator = torch.Generator().manual_seed(1)
    y = 0.2 + 1.8 * torch.rand(20_000, generator=generator, dtype=torch.float64)
    y[:6000] = 0.4
    grid = torch.linspace(0.2, 2, 181, dtype=torch.float64)
    expected = {0.0: float(y.mean()), 0.5: float(y.median()), 0.9: 0.4}
    for fraction, least in expected.items():
        losses = torch.stack([l0(f.expand_as(y), y, fraction) for f in grid])
        assert float(grid[losses.argmin()]) == pytest.approx(least, abs=0.01)
    assert min(expected[0.0] - 0.4, expected[0.5] - 0.4) > 0.3


def test_l0_begins_as_l2_and_is_l1_half_way():
    f, y = torch.rand(2, 1, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for fraction, other in ((0.0, l2), (0.5, l1)):
        assert float(l0(f, y, fraction)) == pytest.approx(float(other(f, y)), rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("target", [0.0, 1e-6, 1.0, 1e15])
@pytest.mark.parametrize("prediction", [-0.02, 0.0, 1e-30, 1.0, 1e15])
def test_gradients_are_finite_and_lead_to_the_target(name, prediction, target):
    for fraction in (0.0, 0.5, 0.99):
        f = torch.full((1, 3, 2, 2), prediction, requires_grad=True)
        loss = loss_at(name, fraction)(f, torch.full((1, 3, 2, 2), target))
        loss.backward()
        assert loss.isfinite()
        assert f.grad.isfinite().all()
        assert (f.grad * (prediction - target) >= 0).all()
