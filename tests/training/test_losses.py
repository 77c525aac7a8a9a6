import pytest
import torch

from mcdenoise.training.losses import hdr, l2, l2_tonemapped


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
    """The constant that the loss's gradient draws a prediction to, by bisection."""
    low, high = 1e-4, float(y.max())
    for _ in range(60):
        middle = (low * high) ** 0.5
        f = torch.tensor(middle, dtype=torch.float64, requires_grad=True)
        loss(f.expand_as(y), y).backward()
        low, high = (low, middle) if f.grad > 0 else (middle, high)
    return middle


@pytest.fixture(scope="module")
def heavy_tailed():
    """Log-normal radiance, whose brightest values are hundreds of times its median, as fireflies are."""
    generator = torch.Generator().manual_seed(0)
    return torch.exp(1.5 * torch.randn(100_000, generator=generator, dtype=torch.float64))


@pytest.mark.parametrize("loss", [hdr, l2])
def test_the_minimiser_is_the_mean_of_the_noisy_targets(loss, heavy_tailed):
    # Exact but for the bisection: both gradients are a positive weight times (f - mean of y).
    assert minimiser(loss, heavy_tailed) == pytest.approx(float(heavy_tailed.mean()), rel=1e-6)


def test_tonemapping_the_target_draws_to_less_than_the_mean(heavy_tailed):
    mean = float(heavy_tailed.mean())
    assert minimiser(l2_tonemapped, heavy_tailed) < 0.6 * mean
    same = torch.full((10,), mean, dtype=torch.float64)
    assert minimiser(l2_tonemapped, same) == pytest.approx(mean, rel=1e-4)  # without noise it is right


def test_l2_tonemapped_has_a_finite_gradient_at_black():
    f = torch.zeros(4, requires_grad=True)
    l2_tonemapped(f, torch.ones(4)).backward()
    assert f.grad.isfinite().all()
