"""How long denoising takes beside Open Image Denoise, from arrays to an array, in one run.

    python benchmarks/apply.py [--size 1920 1080] [--runs 5] [--model default]... [--device auto]
                               [--precision auto]... [--passes auto]...

Radiance, albedo and normal in, radiance out, with everything that has to be done in between; models and filters are
loaded before. Every method takes its turn in every run; medians, their range, and the ratio to OIDN's High quality of
the same run. Then where the time of the models goes.
"""

import argparse
import copy
import itertools
import statistics
import time
from collections.abc import Callable

import mitsuba_oidn
import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from mcdenoise import Denoiser
from mcdenoise.inference.denoiser import PASSES
from mcdenoise.networks.cost import cost_of

_HIGH = "OIDN High"
_STAGES = {
    "convolutions": ("convolution", "conv2d", "conv_transpose", "baddbmm", "gemm", "aten::bmm"),
    "the filter by predicted kernels": (
        "compiled_guided",
        "compiled_again",
        "compiled_forward",
        "_filter_forward",
        "addcmul",
        "softmax",
    ),
    "compiled passes around it: weighing, blending, resampling": ("compiled_",),
    "moving data: copies, joining, shuffling, resampling": (
        *("copy", "cat", "shuffle", "upsample", "pool", "pad", "fill", "Memcpy"),
    ),
}
_REST = "everything else: curves, blending, exposure, checks"


def main() -> None:
    """Parse the command line, measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=(1920, 1080), metavar=("W", "H"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model", action="append", help="a model's name or file [default: default]")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", action="append", choices=("auto", "float32", "bf16"))
    parser.add_argument("--passes", action="append", choices=("auto", *map(str, PASSES)))
    arguments = parser.parse_args()
    images = _images(*arguments.size)
    models = {}
    for model, precision, passes in itertools.product(
        arguments.model or ["default"], arguments.precision or ["auto"], arguments.passes or ["auto"]
    ):
        one = Denoiser(model, arguments.device, precision, passes=passes if passes == "auto" else int(passes))
        often = f"{one.passes} pass{'es' if one.passes > 1 else ''}"
        models[f"{model} ({one.device}, {one.precision}, {often})"] = one
    methods: dict[str, Callable[[], np.ndarray]] = {}
    for quality in ("High", "Balanced", "Fast"):
        chosen = getattr(mitsuba_oidn.Quality, quality)
        methods[f"OIDN {quality}"] = lambda q=chosen: np.asarray(mitsuba_oidn.denoise(*images, hdr=True, quality=q))
    for name, denoiser in models.items():
        methods[name] = lambda d=denoiser: d.denoise(*images)
    seconds = _measured(methods, arguments.runs)
    width, height = arguments.size
    print(f"{width} x {height} with albedo and normal, {torch.get_num_threads()} threads, {arguments.runs} runs\n")
    print(f"| method | s | range | / {_HIGH} |\n|---|---|---|---|")
    for name, times in seconds.items():
        ratio = statistics.median(one / high for one, high in zip(times, seconds[_HIGH], strict=True))
        print(f"| {name} | {statistics.median(times):.2f} | {min(times):.2f} to {max(times):.2f} | {ratio:.2f} |")
    for name, denoiser in models.items():
        _print_stages(name, denoiser, images)


def _images(width: int, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise on a smooth picture; what is on it does not change the time."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = np.stack([1.2 + np.sin(x * 0.03) * np.cos(y * 0.05)] * 3, axis=-1)
    color = light * rng.gamma(0.5, 2.0, light.shape)
    albedo, normal = np.clip(light / 3, 0, 1), np.clip(light - 1, -1, 1)
    return tuple(np.ascontiguousarray(image, np.float32) for image in (color, albedo, normal))


def _measured(methods: dict[str, Callable[[], np.ndarray]], runs: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for method in methods.values():
        method()
    for _ in range(runs):
        for name, method in methods.items():
            started = time.perf_counter()
            method()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def _print_stages(name: str, denoiser: Denoiser, images: tuple[np.ndarray, ...]) -> None:
    """What torch's profiler says of one picture, and what the network computes."""
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (denoiser.device.type == "cuda")
    with profile(activities=activities) as profiled:
        denoiser.denoise(*images)
    seconds = dict.fromkeys((*_STAGES, _REST), 0.0)
    for event in profiled.key_averages():
        stage = next((stage for stage, names in _STAGES.items() if any(name in event.key for name in names)), _REST)
        spent = event.self_device_time_total if denoiser.device.type == "cuda" else event.self_cpu_time_total
        seconds[stage] += spent / 1e6
    height, width = images[0].shape[:2]
    cost = cost_of(copy.deepcopy(denoiser.network).cpu())
    operations = 2 * cost.multiply_adds * height * width * denoiser.passes
    counted = f"{cost.multiply_adds / 1e3:.1f} thousand multiply-adds a pixel, {operations / 1e9:.0f} GFLOP a picture"
    print(f"\n{name}: {counted}.")
    print("Where the time of one picture goes, by torch's profiler:\n\n| stage | s |\n|---|---|")
    for stage, spent in seconds.items():
        print(f"| {stage} | {spent:.3f} |")
    convolutions = operations / 1e9 / max(seconds[next(iter(_STAGES))], 1e-9)
    print(f"\nConvolutions run at {convolutions:.0f} GFLOP a second.")


if __name__ == "__main__":
    main()
