"""What training and denoising take on a CUDA GPU: where a training step's time goes, and how long a picture takes.

    python benchmarks/gpu.py RENDERS [--batch 4 --batch 32] [--crop 160] [--steps 40] [--parts training,denoising]

RENDERS: a folder of `mcdenoise render`, to train on. Medians; the first runs, in which kernels are compiled, are left
out. The filter by itself is in `guided_filter.py`, and Open Image Denoise beside the models in `apply.py`.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from mcdenoise import Denoiser
from mcdenoise.data.cache import FrameCache
from mcdenoise.data.crops import CropDataset
from mcdenoise.data.cutting import Batch
from mcdenoise.data.prefetch import batches
from mcdenoise.data.views import find_views
from mcdenoise.hardware import convolutions_in_bf16
from mcdenoise.networks import create
from mcdenoise.training.average import update_average
from mcdenoise.training.batch_loss import batch_loss
from mcdenoise.training.gradient import Gradient

_WARM = 5
_NETWORKS = (("kpn", {}), ("unet", {}))


def main() -> None:
    """Parse the command line, measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("renders", type=Path)
    parser.add_argument("--batch", type=int, action="append", help="crops a step [default: 4 and 32]")
    parser.add_argument("--crop", type=int, default=160)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--parts", default="training,denoising")
    arguments = parser.parse_args()
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}\n", flush=True)
    parts = arguments.parts.split(",")
    if "training" in parts:
        _print_training(arguments.renders, arguments.batch or [4, 32], arguments.crop, arguments.steps)
    if "denoising" in parts:
        _print_denoising()


def _print_training(renders: Path, counts: list[int], crop: int, steps: int) -> None:
    views = find_views(renders)
    print("| data alone: cache | batch | ms a batch | crops a second |\n|---|---|---|---|")
    datasets = {}
    for count in counts:
        for place in ("cuda", "cpu"):
            cache = FrameCache(16 * 2**30, place)
            dataset = CropDataset(views, crop, 0, batch=count, multiple=32, guided=True, cache=cache)
            datasets[place, count] = dataset
            spent = _batch_milliseconds(dataset, count, steps)
            print(f"| {place} | {count} | {spent:.1f} | {1000 * count / spent:.0f} |", flush=True)
    print(
        "\n| network | batch | forward, ms | backward, ms | update, ms | a step, launched | replayed | fed by the GPU "
        "| fed by the host | kernels alone | GiB | crops a second |\n" + "|---" * 12 + "|"
    )
    for name, config in _NETWORKS:
        for count in counts:
            torch.cuda.reset_peak_memory_stats()
            fixed = datasets["cuda", count].batch(0, count)
            launched, replayed = (_Trainer(name, config, graphs) for graphs in (False, True))
            times = [*launched.pieces(fixed, steps)]
            times += [_milliseconds(lambda t=trainer, b=fixed: t.step(b), steps) for trainer in (launched, replayed)]
            for place in ("cuda", "cpu"):
                source = batches(datasets[place, count], 0, count, pin=True)
                times.append(_milliseconds(lambda t=replayed, s=source: t.step(next(s).to("cuda")), steps))
                source.close()
            crops = 1000 * count / min(times[-2:])
            times.append(launched.kernel_milliseconds(fixed))
            words = ", ".join([name, *(f"{key}={value}" for key, value in config.items())])
            gib = torch.cuda.max_memory_allocated() / 2**30
            cells = [words, count, *(f"{x:.1f}" for x in times), f"{gib:.1f}", f"{crops:.0f}"]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    print()


class _Trainer:
    """A step as `mcdenoise train` takes it, launched kernel by kernel or replayed as a graph."""

    def __init__(self, name: str, config: dict[str, int], graphs: bool):
        device = torch.device("cuda")
        self.network, self.averaged = (
            create(name, **config).to(device, memory_format=torch.channels_last) for _ in range(2)
        )
        self.average = self.averaged.requires_grad_(False).state_dict()
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-5, betas=(0.9, 0.99))
        self.autocast = convolutions_in_bf16(device, True)
        self.gradient = Gradient(self.network, self.loss, 1.0, device, graphs)

    def loss(self, batch: Batch, fraction: float) -> Tensor:
        return batch_loss("hdr-display", fraction, batch, self.network, self.averaged, self.autocast)

    def update(self) -> None:
        self.optimizer.step()
        update_average(self.average, self.network, 10_000, 0.999)

    def step(self, batch: Batch) -> None:
        torch.stack(self.gradient(batch, 0.0)).tolist()  # as training does: it looks at every loss
        self.update()

    def pieces(self, batch: Batch, steps: int) -> list[float]:
        """Milliseconds of the loss, its gradient and the update, each waited for."""
        spent: list[list[float]] = [[], [], []]
        for number in range(_WARM + steps):
            torch.cuda.synchronize()
            moments = [time.perf_counter()]
            loss = self.loss(batch, 0.0)
            torch.cuda.synchronize()
            moments.append(time.perf_counter())
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.cuda.synchronize()
            moments.append(time.perf_counter())
            self.update()
            torch.cuda.synchronize()
            moments.append(time.perf_counter())
            if number >= _WARM:
                for kept, first, last in zip(spent, moments, moments[1:], strict=False):
                    kept.append(1000 * (last - first))
        return [statistics.median(times) for times in spent]

    def kernel_milliseconds(self, batch: Batch) -> float:
        """What the kernels of a step take by themselves, by torch's profiler."""
        with profile(activities=[ProfilerActivity.CUDA]) as profiled:
            for _ in range(3):
                self.step(batch)
        return sum(event.self_device_time_total for event in profiled.key_averages()) / 3000


def _print_denoising() -> None:
    print(
        "| denoising with features, one pass | size | from array to array, ms | tensors on the GPU, ms | GiB |\n"
        + "|---" * 5
        + "|"
    )
    for name in ("default", "fast"):
        for precision in ("bf16", "float32"):
            denoiser = Denoiser(name, "cuda", precision, passes=1)
            for width, height in ((1920, 1080), (3840, 2160)):
                torch.cuda.reset_peak_memory_stats()
                generator = torch.Generator().manual_seed(0)
                images = [torch.rand(height, width, 3, generator=generator) for _ in range(3)]
                arrays, tensors = [x.numpy() for x in images], [x.cuda() for x in images]
                host = _milliseconds(lambda d=denoiser, a=arrays: d.denoise(*a), 5)
                device = _milliseconds(lambda d=denoiser, a=tensors: d.denoise(*a), 5)
                gib = torch.cuda.max_memory_allocated() / 2**30
                said = f"| {name}, {precision} | {width} x {height} | {host:.1f} | {device:.1f} | {gib:.1f} |"
                print(said, flush=True)
                assert np.isfinite(denoiser.denoise(*arrays)).all()
    print()


def _batch_milliseconds(dataset: CropDataset, count: int, steps: int) -> float:
    for view in dataset.views:  # all decoded
        for file in dataset.files(view):
            dataset.cache.get(file)
    source = batches(dataset, 0, count, pin=True)
    for _ in range(_WARM):
        next(source)
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(steps):
        next(source).to(torch.device("cuda"))
    torch.cuda.synchronize()
    spent = 1000 * (time.perf_counter() - started) / steps
    source.close()
    return spent


def _milliseconds(run: Callable[[], object], runs: int = 20) -> float:
    """The median, each run waited for."""
    spent = []
    for number in range(_WARM + runs):
        torch.cuda.synchronize()
        started = time.perf_counter()
        run()
        torch.cuda.synchronize()
        if number >= _WARM:
            spent.append(1000 * (time.perf_counter() - started))
    return statistics.median(spent)


if __name__ == "__main__":
    main()
