"""Frames whose truth is known: a smooth picture with steps, and independent noise, written as real frame files."""

from pathlib import Path

import numpy as np
import torch

from mcdenoise.exr import write_frame
from mcdenoise.frame import Frame
from mcdenoise.training import TrainOptions

torch.set_num_threads(1)  # networks this small are slower on several threads, much so where others compute too


def picture(height: int = 64, width: int = 64, seed: int = 0) -> Frame:
    """A noiseless frame: a checkered albedo under smooth coloured light, with normals of unit length."""
    rng = np.random.default_rng([77, seed])
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    phase = rng.uniform(0, 6, 3).astype(np.float32)
    light = np.stack([1.2 + np.sin(0.07 * x + p) * np.cos(0.05 * y + 2 * p) for p in phase], axis=-1)
    checks = ((x // 8 + y // 8) % 2)[..., None]
    albedo = np.where(checks > 0, rng.uniform(0.5, 0.9, 3), rng.uniform(0.1, 0.4, 3)).astype(np.float32)
    angle = (0.1 * x + phase[0]).astype(np.float32)
    normal = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=-1)
    return Frame((albedo * light).astype(np.float32), albedo, normal, np.ones((height, width), np.float32))


def noisy(truth: Frame, rng: np.random.Generator, spp: float = 4, **attributes: str | int | float) -> Frame:
    """A realization: gamma noise of mean 1 and relative variance 1 / spp on each value, skewed as renders are."""
    noise = rng.gamma(spp, 1 / spp, truth.radiance.shape).astype(np.float32)
    return Frame(truth.radiance * noise, truth.albedo, truth.normal, truth.depth, {"spp": int(spp), **attributes})


def write_view(
    folder: Path,
    truth: Frame | None = None,
    realizations: int = 2,
    spp: int = 4,
    seed: int = 0,
    references: bool = False,
    targets: int = 0,
    **attributes: str | int | float,
) -> Path:
    """A view folder with independent realizations of `truth`, reference halves of 64 times the samples, and targets of
    16 times."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = truth or picture(seed=seed)
    rng = np.random.default_rng([5, seed])
    for k in range(realizations):
        write_frame(folder / f"r{k:03d}.exr", noisy(truth, rng, spp, **attributes))
    for name in ("ref_a.exr", "ref_b.exr") if references else ():
        write_frame(folder / name, noisy(truth, rng, 64 * spp, **attributes))
    for k in range(targets):
        write_frame(folder / f"t{k:03d}.exr", noisy(truth, rng, 16 * spp, **attributes))
    return folder


def write_constants(folder: Path, values: list[float], size: tuple[int, int] = (16, 16), prefix: str = "r") -> Path:
    """A view folder whose realization k is `values[k]` everywhere: a mean of frames tells which ones are in it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ["ref_a.exr", "ref_b.exr"] if prefix == "ref" else [f"{prefix}{k:03d}.exr" for k in range(len(values))]
    for name, value in zip(names, values, strict=True):
        write_frame(folder / name, Frame(np.full((*size, 3), value, np.float32)))
    return folder


def small_options(**changes: object) -> TrainOptions:
    """Training that takes a second: a narrow kernel-predicting network, one crop of 32 pixels a step."""
    options = {"model": "kpn", "config": {"width": 8}, "batch": 1, "crop": 32, "steps": 10, "precision": "float32"}
    return TrainOptions(**(options | changes))
