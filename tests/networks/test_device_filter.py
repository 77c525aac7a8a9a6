"""The filter's kernels for CUDA: in Triton's interpreter, which needs no GPU, and compiled, where there is one."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
import torch
from filter_examples import example
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from mcdenoise import networks
from mcdenoise.networks import KPN, guided_filter, kpn
from mcdenoise.networks.guided_filter import GUIDES, in_torch

# height, width, step, kernel, batch. A tile has 4 x 32 pixels; in small images, one pixel is at two edges.
SHAPES = [
    (5, 6, 1, 1, 2),
    (6, 34, 1, 3, 1),
    (6, 34, 2, 3, 2),
    (6, 8, 2, 5, 2),
    (3, 33, 1, 5, 1),
    (1, 1, 1, 3, 2),
    (2, 1, 1, 5, 1),
    (9, 2, 1, 3, 1),
]
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")


@pytest.fixture(scope="module")
def interpreted():
    """Call a function of this file in a process where Triton interprets, which it decides when it is imported."""
    pytest.importorskip("triton")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TRITON_INTERPRET", "1")
            pool.submit(torch.set_num_threads, 1).result(timeout=120)

        yield lambda *call: pool.submit(*call).result(timeout=300)


@pytest.fixture(params=["interpreted", pytest.param("on a GPU", marks=needs_gpu)])
def run(request):
    """Call a function of this file, whose last argument is a device, with the kernels interpreted, or on a GPU."""
    if request.param == "interpreted":
        return request.getfixturevalue("interpreted")
    return lambda function, *arguments: function(*arguments, device="cuda")


@pytest.fixture
def fresh_choice():
    """What works on a device is found out anew, before and after."""
    guided_filter._device_filter.cache_clear()
    yield
    guided_filter._device_filter.cache_clear()


def filtered(inputs, kernel, upstream, device="cpu"):
    """The result, and gradients of image, logits and sharpness, all as arrays; so are inputs and upstream."""
    from mcdenoise.networks.device_filter import filter_on_device

    image, guides, logits, sharpness = (torch.as_tensor(x, device=device) for x in inputs)
    wanted = [x.requires_grad_() for x in (image, logits, sharpness)]
    part_of_a_head = torch.cat([logits[:, :1], logits], dim=1)[:, 1:]
    result = filter_on_device(image, guides, part_of_a_head, sharpness, kernel)
    result.backward(torch.as_tensor(upstream, device=device))
    return [x.detach().cpu().numpy() for x in (result, *(x.grad for x in wanted))]


def in_double(inputs, kernel, upstream):
    """The same by torch's operations, in float64."""
    image, guides, logits, sharpness = (torch.tensor(x, dtype=torch.float64) for x in inputs)
    wanted = [x.requires_grad_() for x in (image, logits, sharpness)]
    result = in_torch(image, guides, logits, sharpness, kernel)
    result.backward(torch.tensor(upstream))
    return [x.detach().numpy() for x in (result, *(x.grad for x in wanted))]


def arrays_of(height, width, step, kernel, batch, contrast=1.0):
    """Inputs, and a gradient of the result."""
    inputs = example(height, width, step, kernel, batch, contrast=contrast)
    upstream = torch.randn(inputs[0].shape, generator=torch.Generator().manual_seed(5))
    return [x.detach().numpy() for x in inputs], upstream.numpy()


def assert_close(ours, theirs):
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * max(1, np.abs(other).max()))


@pytest.mark.parametrize("shape", SHAPES)
def test_results_and_gradients_are_those_of_torchs_path_and_of_the_processor(run, shape):
    inputs, upstream = arrays_of(*shape)
    ours = run(filtered, inputs, shape[3], upstream)
    assert_close(ours, in_double(inputs, shape[3], upstream))
    image, guides, *others = map(torch.tensor, inputs)
    on_host = guided_filter.guided_filter([image[:, :2], image[:, 2:]], guides.split(GUIDES, dim=1), *others, shape[3])
    np.testing.assert_allclose(ours[0], on_host, rtol=1e-5)


def changes(inputs, kernel, upstream, device="cpu"):
    """Of the product of result and upstream, a step along each of its gradients: found, and predicted."""
    from mcdenoise.networks.device_filter import filter_on_device

    by = 0.01
    gradients = filtered(inputs, kernel, upstream, device)[1:]
    *inputs, upstream = (torch.tensor(x, device=device) for x in (*inputs, upstream))
    found, predicted = [], []
    for number, gradient in zip((0, 2, 3), gradients, strict=True):
        direction = torch.tensor(gradient / np.linalg.norm(gradient), device=device)
        step = [by * direction if i == number else 0 for i in range(4)]
        ahead, behind = (
            filter_on_device(*(x + sign * y for x, y in zip(inputs, step, strict=True)), kernel) for sign in (1, -1)
        )
        found.append(((ahead - behind).double() * upstream).sum().item() / (2 * by))
        predicted.append(float(np.linalg.norm(gradient)))
    return found, predicted


@pytest.mark.parametrize("shape", [(5, 6, 1, 3, 1), (4, 6, 2, 3, 1)])
def test_gradients_are_finite_differences(run, shape):
    inputs, upstream = arrays_of(*shape)
    found, predicted = run(changes, inputs, shape[3], upstream)
    np.testing.assert_allclose(found, predicted, rtol=2e-3)


def test_extreme_logits_and_fireflies(run):
    inputs, upstream = arrays_of(6, 34, 2, 3, 1)
    image, guides, logits, _ = inputs
    rng = np.random.default_rng(1)
    image[rng.random(image.shape) < 0.1] = 1e5
    logits[...] = rng.choice([-80, -1, 0, 2, 80], logits.shape)
    assert_close(run(filtered, inputs, 3, upstream), in_double(inputs, 3, upstream))
    logits[...] = 1e20 * logits - 1e22
    guides *= 1e3
    assert np.isfinite(run(filtered, inputs, 3, upstream)[0]).all()


@pytest.mark.parametrize("place", range(4))
def test_what_is_not_a_number_spreads_as_in_torchs_path(run, place):
    inputs, upstream = arrays_of(5, 7, 1, 3, 1)
    inputs[place][0, 1, 3, 4] = np.nan
    ours, theirs = run(filtered, inputs, 3, upstream), in_double(inputs, 3, upstream)
    assert np.isnan(theirs[0]).any()
    assert not np.isnan(theirs[0]).all()
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
    assert_close(ours, theirs)


class Allocations(TorchDispatchMode):
    """How many numbers are in every tensor that takes memory of its own."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        result = function(*arguments, **(options or {}))
        given = {x.untyped_storage().data_ptr() for x in arguments if isinstance(x, torch.Tensor)}
        if result.untyped_storage().data_ptr() not in given:
            self.sizes.append(result.numel())
        return result


@pytest.mark.parametrize("of_image", [False, True])
def test_nothing_but_the_gradient_of_logits_has_a_plane_for_every_tap(monkeypatch, of_image):
    pytest.importorskip("triton")
    from mcdenoise.networks import device_filter

    monkeypatch.setattr(device_filter, "_launch", lambda *_: None)
    kernel, step = 5, 2
    image, guides, logits, sharpness = (x.detach() for x in example(6, 8, step, kernel))
    logits = torch.cat([logits[:, :1], logits], dim=1)[:, 1:]
    assert not logits.is_contiguous()
    inputs = [x.requires_grad_() for x in (logits, sharpness, *[image] * of_image)]
    with Allocations() as forward:
        result = device_filter.filter_on_device(image, guides, logits, sharpness, kernel)
    upstream = torch.ones_like(result)
    with Allocations() as backward:
        torch.autograd.grad(result, inputs, upstream)
    plane = image[:, 0].numel()
    assert forward.sizes == [image.numel(), 2 * plane]  # the result; the softmax's maxima and sums
    assert backward.sizes == [x.numel() for x in inputs]


def learned(picture, dtype, on_device):
    """What a small `kpn` makes of a picture, and the gradients of all its parameters."""
    from mcdenoise.networks.device_filter import filter_on_device

    def joined(images, guides, *others):
        return filter_on_device(torch.cat(images, dim=1), torch.cat(guides, dim=1), *others)

    torch.manual_seed(3)
    network = KPN(width=8, kernel=3, growth=0)
    with pytest.MonkeyPatch.context() as patch:
        if on_device:
            patch.setattr(kpn, "guided_filter", joined)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == "bfloat16"):
            result = network(*map(torch.tensor, picture))
        result.square().sum().backward()
    return result.detach().numpy(), torch.cat([x.grad.flatten() for x in network.parameters()]).numpy()


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("bfloat16", 1e-2)])
def test_kpn_learns_the_same(interpreted, dtype, tolerance):
    picture = [np.random.default_rng(i).random((1, 3, 16, 16), np.float32) for i in range(3)]
    ours, theirs = (interpreted(learned, picture, dtype, on_device) for on_device in (True, False))
    assert ours[0].dtype == np.float32
    for one, other in zip(ours, theirs, strict=True):
        assert np.linalg.norm(one - other) <= tolerance * np.linalg.norm(other)


def refusal(inputs, kernel):
    from mcdenoise.networks.device_filter import filter_on_device

    with pytest.raises(ValueError, match="must be") as caught:
        filter_on_device(*map(torch.tensor, inputs), kernel)
    return str(caught.value)


@pytest.mark.parametrize("wrong", ["guides", "logits", "sharpness", "step", "kernel"])
def test_shapes_that_do_not_fit_are_refused(interpreted, wrong):
    (image, guides, logits, sharpness), _ = arrays_of(6, 8, 2, 3, 1)
    if wrong == "guides":
        guides = guides[:, :6]
    elif wrong == "logits":
        logits = logits[:, :, :-1]
    elif wrong == "sharpness":
        sharpness = sharpness[..., :-1]
    elif wrong == "step":
        logits = logits[..., :-1]
    said = interpreted(refusal, [image, guides, logits, sharpness], 5 if wrong == "kernel" else 3)
    assert "for an image (1, 6, 6, 8), guides, logits and sharpness must be [(1, 7, 6, 8)" in said


def test_even_kernels_are_refused(interpreted):
    inputs, _ = arrays_of(6, 8, 1, 4, 1)
    assert interpreted(refusal, inputs, 4) == "kernel must be odd, not 4"


def on_no_gpu(dtype=torch.float32):
    """Arguments of `guided_filter` that say they are on a GPU, and compute shapes only."""
    with FakeTensorMode():
        planes = [torch.ones(1, c, 4, 6, device="cuda", dtype=dtype) for c in (3, *GUIDES, 9, 3)]
        return [planes[0]], planes[1:4], *planes[4:], 3


def test_tensors_on_a_gpu_go_to_the_kernels(monkeypatch):
    class Kernels:
        filter_on_device = staticmethod(lambda image, guides, *_: (image.shape, guides.shape))

    monkeypatch.setattr(guided_filter, "_device_filter", lambda device: Kernels)
    monkeypatch.setattr(guided_filter, "in_torch", lambda *_: "a loop")
    assert guided_filter.guided_filter(*on_no_gpu()) == ((1, 3, 4, 6), (1, 7, 4, 6))
    assert guided_filter.guided_filter(*on_no_gpu(torch.float64)) == "a loop"


def test_without_triton_torchs_operations_filter_and_one_warning_says_so(monkeypatch, caplog, fresh_choice):
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.delitem(sys.modules, "mcdenoise.networks.device_filter", raising=False)
    monkeypatch.delattr(networks, "device_filter", raising=False)
    monkeypatch.setattr(guided_filter, "in_torch", lambda *_: "a loop")
    for _ in range(2):
        assert guided_filter.guided_filter(*on_no_gpu()) == "a loop"
    assert [(record.name, record.levelname) for record in caplog.records] == [(guided_filter.__name__, "WARNING")]
    assert "Triton does not work on cuda:0 (ModuleNotFoundError" in caplog.text


@pytest.mark.parametrize("shape", [(5, 1), (5, 2), (21, 1)])
@pytest.mark.parametrize("capability", [75, 80, 90])
def test_kernels_compile_and_stay_in_registers(monkeypatch, tmp_path, shape, capability):
    triton = pytest.importorskip("triton")
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from mcdenoise.networks import device_filter

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    constants = dict(
        zip(("KERNEL", "STEP", "CHANNELS", "PADDED", "ROWS", "COLUMNS"), (*shape, 7, 8, 4, 32), strict=True)
    )
    for function in (
        device_filter._filter_forward,
        device_filter._filter_gradient_of_kernels,
        device_filter._filter_gradient_of_image,
    ):
        types = dict.fromkeys(function.arg_names, "*fp32")
        types |= dict.fromkeys(("logits_stride", "height", "width"), "i32") | dict.fromkeys(constants, "constexpr")
        source = ASTSource(function, types, constants)
        options = {"num_warps": device_filter._WARPS, "enable_fp_fusion": True}
        compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)
        assert compiled.asm["cubin"]
        assert compiled.metadata.shared == 0
        assert ".local" not in compiled.asm["ptx"]
        assert "atom" not in compiled.asm["ptx"]


@needs_gpu
@pytest.mark.parametrize("shape", [(34, 70, 2, 5, 3), (33, 129, 1, 21, 2)])
def test_many_tiles_agree_with_torchs_path(shape):
    inputs, upstream = arrays_of(*shape)
    assert_close(filtered(inputs, shape[3], upstream, "cuda"), in_double(inputs, shape[3], upstream))


@needs_gpu
def test_a_gpu_gives_the_same_bytes_again():
    inputs, upstream = arrays_of(34, 70, 2, 5, 3)
    first, second = (filtered(inputs, 5, upstream, "cuda") for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@needs_gpu
def test_the_kernels_work_on_this_gpu(fresh_choice):
    assert guided_filter._device_filter(torch.device("cuda", 0)) is not None


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two CUDA GPUs here")
def test_kernels_run_where_the_tensors_are():
    inputs, upstream = arrays_of(6, 34, 2, 3, 2)
    assert torch.cuda.current_device() == 0
    assert_close(filtered(inputs, 3, upstream, "cuda:1"), in_double(inputs, 3, upstream))


@needs_gpu
def test_a_gpu_holds_no_plane_for_every_tap():
    kernel, height, width = 9, 256, 256
    image, guides, logits, sharpness = (x.detach().cuda() for x in example(height, width, 1, kernel, 1))
    inputs = [x.requires_grad_() for x in (image, logits, sharpness)]
    arguments = [image[:, :2], image[:, 2:]], guides.split(GUIDES, dim=1), logits, sharpness, kernel
    plane = 4 * height * width
    for _ in range(2):  # the first compiles
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        result = guided_filter.guided_filter(*arguments)
        forward = torch.cuda.max_memory_allocated() - before
        torch.cuda.reset_peak_memory_stats()
        torch.autograd.grad(result, inputs, torch.ones_like(result))
        backward = torch.cuda.max_memory_allocated() - before
        del result
    assert forward < 0.5 * kernel**2 * plane
    assert backward < 1.7 * kernel**2 * plane  # the gradient of logits is one of these
