import numpy as np
import pytest
import torch
import torch.nn.functional as F
from filter_examples import example

from mcdenoise.networks import guided_filter as module
from mcdenoise.networks.guided_filter import GUIDES, in_torch


def guided_filter(image, guides, *others):
    return module.guided_filter(image.split((2, 4), dim=1), guides.split(GUIDES, dim=1), *others)


def by_definition(image, guides, logits, sharpness, kernel):
    """One pixel and one neighbour at a time, float64."""
    batch, channels, height, width = image.shape
    logits = F.pixel_shuffle(logits, width // logits.shape[3])
    image, guides, logits, sharpness = (x.detach().double().numpy() for x in (image, guides, logits, sharpness))
    result = np.zeros_like(image)
    reach = kernel // 2
    for b, y, x in np.ndindex(batch, height, width):
        taps = np.zeros(kernel**2)
        colours = np.zeros((kernel**2, channels))
        for tap in range(kernel**2):
            row = min(max(y + tap // kernel - reach, 0), height - 1)
            column = min(max(x + tap % kernel - reach, 0), width - 1)
            squares = (guides[b, :, y, x] - guides[b, :, row, column]) ** 2
            distances = np.array([squares[:3].sum(), squares[3:6].sum(), squares[6]])
            taps[tap] = logits[b, tap, y, x] - sharpness[b, :, y, x] @ distances
            colours[tap] = image[b, :, row, column]
        taps = np.exp(taps - taps.max())
        result[b, :, y, x] = taps / taps.sum() @ colours
    return result


SHAPES = [(5, 6, 1, 1), (5, 6, 1, 3), (6, 8, 2, 5), (1, 1, 1, 5), (2, 300, 2, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("function", [guided_filter, in_torch])
def test_it_is_a_mean_of_neighbours_weighted_as_it_says(function, shape):
    inputs = example(*shape)
    result = function(*inputs, shape[3]).detach()
    np.testing.assert_allclose(result, by_definition(*inputs, shape[3]), rtol=2e-5)


@pytest.mark.parametrize("shape", [(5, 6, 1, 3), (4, 6, 2, 3)])
def test_gradients_of_torchs_path_are_right(shape):
    image, guides, logits, sharpness = example(*shape, dtype=torch.float64)
    image = image[:, :3].requires_grad_()
    assert torch.autograd.gradcheck(lambda image, *x: in_torch(image, guides, *x, shape[3]), (image, logits, sharpness))


# The last is large enough for threads, and wider than a strip.
@pytest.mark.parametrize("shape", [*SHAPES, (34, 520, 2, 5)])
@pytest.mark.parametrize("of_image", [False, True])
def test_gradients_of_the_compiled_path_are_those_of_torchs(shape, of_image):
    inputs = example(*shape, contrast=3.0)
    inputs[0].requires_grad_(of_image)
    exact = [x.detach().double().requires_grad_(x.requires_grad) for x in inputs]
    upstream = torch.randn(inputs[0].shape, generator=torch.Generator().manual_seed(5))
    guided_filter(*inputs, shape[3]).backward(upstream)
    in_torch(*exact, shape[3]).backward(upstream.double())
    assert (inputs[0].grad is not None) == of_image
    for ours, theirs in zip([x for x in inputs if x.requires_grad], [x for x in exact if x.requires_grad], strict=True):
        # Sums of 25 products of numbers around 10, of which float32 keeps seven digits.
        torch.testing.assert_close(ours.grad.double(), theirs.grad, rtol=1e-4, atol=1e-3)


def test_threads_change_nothing():
    inputs = example(34, 520, 2, 5)
    threads = torch.get_num_threads()
    results = []
    try:
        for number in (1, 2, 5):
            torch.set_num_threads(number)
            results.append(guided_filter(*inputs, 5).detach())
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


@pytest.mark.parametrize("contrast", [0.0, 30.0, 1e4, 1e30])
def test_results_stay_within_the_values_of_their_window(contrast):
    image, guides, logits, sharpness = example(24, 40, 2, 5, contrast=contrast)
    filtered = guided_filter(image, 1e3 * guides, logits, sharpness, 5).detach()
    padded = F.pad(image, [2] * 4, mode="replicate")
    highest, lowest = F.max_pool2d(padded, 5, 1), -F.max_pool2d(-padded, 5, 1)
    assert (filtered <= highest * (1 + 1e-5)).all()
    assert (filtered >= lowest * (1 - 1e-5)).all()


def test_radiance_of_any_size_keeps_its_precision():
    image, guides, logits, sharpness = example(24, 40, 1, 5)
    for factor in (1e-20, 1e20):
        scaled = guided_filter(image * factor, guides, logits, sharpness, 5)
        expected = guided_filter(image, guides, logits, sharpness, 5)
        torch.testing.assert_close(scaled / factor, expected, rtol=1e-5, atol=0)
