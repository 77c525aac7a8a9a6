"""The filter by predicted kernels as one compiled pass beside a loop of torch's operations, in one run.

    python benchmarks/guided_filter.py [--size 1920 1080] [--kernel 5] [--step 2] [--runs 9] [--device auto]

On a CUDA device the pass is Triton's, else Numba's. Seven channels, as `kpn` filters at full resolution. Both take
their turn in every run; medians, their range, and the median ratio of the two; on a CUDA device also the most memory
that each takes beyond its inputs. Exits with 1 if Triton does not work on the device: there is nothing to compare then.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from mcdenoise.hardware import choose_device
from mcdenoise.networks import guided_filter
from mcdenoise.networks.guided_filter import GUIDES

_CHANNELS = (3, 3, 1)  # irradiance, radiance and their confidence


def main() -> None:
    """Parse the command line, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=(1920, 1080), metavar=("W", "H"))
    parser.add_argument("--kernel", type=int, default=5)
    parser.add_argument("--step", type=int, choices=(1, 2), default=2, help="pixels of a side in logits' channels")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    device = choose_device(arguments.device)
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(device.index or 0)
        _try_triton(device)
    inputs = _inputs(*arguments.size, arguments.kernel, arguments.step, device)
    print(f"{device}: {torch.cuda.get_device_name(device) if on_gpu else f'{torch.get_num_threads()} threads'}")
    width, height = arguments.size
    print(f"{width} x {height}, kernels of {arguments.kernel}, step {arguments.step}, {arguments.runs} runs\n")
    print("| work | filter | ms | range | compiled / loop | peak memory, MB |\n|---|---|---|---|---|---|")
    filters = {
        "Triton" if on_gpu else "Numba": guided_filter.guided_filter,
        "loop of torch's operations": _in_torch,
    }
    for work, run in {"forward": _forward, "forward and backward": _forward_and_backward}.items():
        methods = {
            name: lambda r=run, f=function: r(f, *inputs, arguments.kernel) for name, function in filters.items()
        }
        measured = _measured(methods, arguments.runs, device)
        compiled, loop = measured.values()
        ratio = statistics.median(one / other for one, other in zip(compiled, loop, strict=True))
        for name, times in measured.items():
            spread = f"{1e3 * min(times):.2f} to {1e3 * max(times):.2f}"
            peak = f"{_peak(methods[name], device) / 1e6:.0f}" if on_gpu else "not measured"
            shown = f"{ratio:.3f}" if times is compiled else "1"
            print(f"| {work} | {name} | {1e3 * statistics.median(times):.2f} | {spread} | {shown} | {peak} |")


def _try_triton(device: torch.device) -> None:
    try:
        from mcdenoise.networks import device_filter

        device_filter.try_on(device)
    except Exception as error:
        raise SystemExit(f"Triton does not work on {device}: {type(error).__name__}: {error}") from None


def _in_torch(images: list[Tensor], guides: list[Tensor], *others) -> Tensor:
    return guided_filter.in_torch(torch.cat(images, dim=1), torch.cat(guides, dim=1), *others)


def _inputs(width: int, height: int, kernel: int, step: int, device: torch.device) -> tuple:
    """Noise; what is filtered does not change the time."""
    generator = torch.Generator().manual_seed(0)

    def draw(channels: int, scale: int = 1) -> Tensor:
        return torch.rand(1, channels, height // scale, width // scale, generator=generator).to(device)

    images, guides = [draw(channels) for channels in _CHANNELS], [draw(channels) for channels in GUIDES]
    learned = [*images, draw((kernel * step) ** 2, step), draw(len(GUIDES))]
    *images, logits, sharpness = (x.requires_grad_() for x in learned)
    return images, guides, logits, sharpness


@torch.no_grad()
def _forward(function: Callable, *arguments) -> None:
    function(*arguments)


def _forward_and_backward(function: Callable, images: list[Tensor], guides: list[Tensor], *others) -> None:
    logits, sharpness, kernel = others
    result = function(images, guides, logits, sharpness, kernel)
    torch.autograd.grad(result, [*images, logits, sharpness], result.detach())


def _measured(methods: dict[str, Callable], runs: int, device: torch.device) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for method in methods.values():
        method()
    for _ in range(runs):
        for name, method in methods.items():
            seconds[name].append(_seconds(method, device))
    return seconds


def _seconds(method: Callable, device: torch.device) -> float:
    if device.type != "cuda":
        started = time.perf_counter()
        method()
        return time.perf_counter() - started
    started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    started.record()
    method()
    ended.record()
    torch.cuda.synchronize(device)
    return started.elapsed_time(ended) / 1e3


def _peak(method: Callable, device: torch.device) -> int:
    """Bytes beyond those that are held already."""
    held = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    method()
    return torch.cuda.max_memory_allocated(device) - held


if __name__ == "__main__":
    main()
