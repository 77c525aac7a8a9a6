"""What the loader costs: cold files, warm crops, and training on it.

    python benchmarks/data.py [RENDERS] [--runs 5] [--threads 2] [--device cpu] [--models unet kpn]

RENDERS: a folder of renders (default: one made here, 48 views of 320 x 240, two realizations each). In one process,
each measure in turn with what it is compared with, medians of all runs:
- cold: frames a second that the loader decodes from files in the system's page cache, beside a bare read of the same
  files by `OpenEXR.File` in as many threads;
- warm: crops of 128 x 128 a second out of the cache, default augmentation, ready as batches of 16;
- training: steps a second at the default batch and crop on the loader and on one constant batch.
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import OpenEXR
import torch

from mcdenoise.data import Batch, CropDataset, View, find_views
from mcdenoise.data.cache import FrameCache
from mcdenoise.data.places import GIB
from mcdenoise.data.prefetch import batches, compute_alone
from mcdenoise.exr import write_frame
from mcdenoise.frame import Frame
from mcdenoise.hardware import choose_device, has_fast_bf16
from mcdenoise.networks import create
from mcdenoise.training.losses import hdr


def main() -> None:
    """Parse the command line, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("renders", type=Path, nargs="?")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--frames", type=int, default=96, help="files of the cold measure")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each training measure")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--models", nargs="*", default=["unet", "kpn"])
    arguments = parser.parse_args()
    device = choose_device(arguments.device)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.renders is None:
            arguments.renders = Path(folder)
            _make_renders(arguments.renders)
        views = find_views(arguments.renders)
        frames = sum(len(view.realizations) for view in views)
        print(f"{len(views)} views, {frames} frames, {arguments.threads} threads, {device}, {arguments.runs} runs\n")
        print("| measure | loader | compared with | ratio (of each run) |")
        print("|---|---|---|---|")
        _cold(views, arguments)
        _warm(views, arguments, torch.device("cpu"))
        if device.type == "cuda":
            _warm(views, arguments, device)
        for model in arguments.models:
            _training(views, arguments, model, device)


def _cold(views: list[View], arguments: argparse.Namespace) -> None:
    files = list(itertools.islice((file for view in views for file in view.realizations), arguments.frames))
    for file in files:
        file.read_bytes()  # into the page cache: the measure is of decoding, not of the disk

    def bare() -> float:
        return _rate(lambda file: OpenEXR.File(str(file), separate_channels=True) and None, files, arguments.threads)

    def ours() -> float:
        cache = FrameCache(64 * GIB)
        return _rate(lambda file: cache.get(file) and None, files, arguments.threads)

    _row("cold decode, frames/s", "bare OpenEXR read", arguments.runs, ours, bare)


def _rate(work: Callable[[Path], None], files: list[Path], threads: int) -> float:
    with ThreadPoolExecutor(threads, initializer=compute_alone) as pool:
        list(pool.map(time.sleep, [0.01] * threads))  # all threads are there
        started = time.perf_counter()
        list(pool.map(work, files))
        return len(files) / (time.perf_counter() - started)


def _warm(views: list[View], arguments: argparse.Namespace, device: torch.device) -> None:
    dataset = CropDataset(views[:32], cache=FrameCache(64 * GIB, device), batch=16)
    source = batches(dataset, 0, 16, ahead=8, threads=arguments.threads)
    _take(source, 8 * len(dataset.views) // 16 + 8)
    rates, shares = [], []
    for _ in range(arguments.runs):
        _finish(device)
        started, computed = time.perf_counter(), time.process_time()
        _take(source, 64)
        _finish(device)
        seconds = time.perf_counter() - started
        rates.append(64 * 16 / seconds)
        shares.append((time.process_time() - computed) / seconds)
    source.close()
    count = max(len(view.realizations) for view in dataset.views)
    # On a machine that others use too this says how much of it there was.
    cores = f"{statistics.median(shares):.2f} processors used"
    print(f"| warm crops/s, {device}, K = {count} | {statistics.median(rates):.0f} | goal 3000 | {cores} |", flush=True)


def _training(views: list[View], arguments: argparse.Namespace, model: str, device: torch.device) -> None:
    place = device if device.type == "cuda" else "cpu"
    dataset = CropDataset(views, cache=FrameCache(64 * GIB, place), batch=4)
    for view in dataset.views:
        for file in dataset.files(view):
            dataset.cache.get(file)
    torch.manual_seed(0)
    network = create(model).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bf16(device))
    constant = itertools.repeat(dataset.batch(0, 4).to(device))

    computing: dict[bool, list[float]] = {True: [], False: []}

    def steps(source: Iterator[Batch]) -> float:
        next(source)
        _finish(device)
        started, computed, count = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - started < arguments.seconds:
            batch = next(source).to(device)
            with autocast:
                prediction = network(batch.radiance, batch.albedo, batch.normal)
            loss = hdr(prediction.float(), batch.target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            loss.item()  # as the training loop looks at it
            count += 1
        computing[source is constant].append((time.process_time() - computed) / count)
        return count / (time.perf_counter() - started)

    def ours() -> float:
        source = batches(dataset, 0, 4)
        try:
            return steps(source)
        finally:
            source.close()

    steps(constant)
    computing[True].clear()
    _row(f"training {model}, {device}, steps/s", "one constant batch", arguments.runs, ours, lambda: steps(constant))
    # Other programs on the machine disturb this less than the time on the clock.
    mine, theirs = (statistics.median(computing[constant]) for constant in (False, True))
    print(f"| the same, processor seconds a step | {mine:.2f} | {theirs:.2f} | {theirs / mine:.3f} |", flush=True)


def _row(name: str, against: str, runs: int, ours: Callable[[], float], other: Callable[[], float]) -> None:
    pairs = []
    for run in range(runs):  # in turn, and each first as often, as the machine may be busy with other things
        order = (ours, other) if run % 2 else (other, ours)
        found = {measure: measure() for measure in order}
        pairs.append((found[ours], found[other]))
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [one / two for one, two in pairs]
    spread = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
    median = statistics.median(ratios)
    print(f"| {name} | {mine:.1f} | {against}: {theirs:.1f} | {median:.3f} ({spread}) |", flush=True)


def _take(source: Iterator[Batch], count: int) -> None:
    for _ in range(count):
        next(source)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _make_renders(folder: Path) -> None:
    """Noise on a smooth picture: as hard to compress as renders of few samples are."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:240, 0:320].astype(np.float32)
    for view in range(48):
        (folder / f"scene{view % 8}/view{view:03d}").mkdir(parents=True)
        light = np.stack([1.2 + np.sin(x * rng.uniform(0.01, 0.1)) * np.cos(y * 0.05)] * 3, axis=-1)
        for k in range(2):
            radiance = (light * rng.gamma(0.5, 2.0, light.shape)).astype(np.float32)
            albedo = np.clip(light / 3 + rng.normal(0, 0.02, light.shape), 0, 1).astype(np.float32)
            normal = np.clip(light - 1 + rng.normal(0, 0.02, light.shape), -1, 1).astype(np.float32)
            frame = Frame(radiance, albedo, normal, light[..., 0], {"spp": 4})
            write_frame(folder / f"scene{view % 8}/view{view:03d}/r{k:03d}.exr", frame)


if __name__ == "__main__":
    main()
