"""How the error of a small network falls with the number of scenes that it learns from, and with training.

    python benchmarks/learning_curves.py RENDERS JUDGED [--steps 1000] [--figure curves.png]

RENDERS holds views to learn from, and JUDGED views of other scenes with references, as `mcdenoise render` writes them.
A narrow `kpn` (8 channels, crops of 96 x 96) is trained from nothing, each time to the end of its schedule: on 1/16,
1/8, 1/4, 1/2 and all of the scenes for `--steps`, and on all of them for 1/4 to 4 times as many. Prints relMSE (the
reference's noise cancelled; the geometric mean over the first realizations in JUDGED) and PSNR of each.
"""

import argparse
import os
import random
import tempfile
from pathlib import Path

import numpy as np

from mcdenoise.data import find_views
from mcdenoise.evaluation.metrics import psnr, relmse_halves
from mcdenoise.exr import read_frame
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.training import TrainOptions, train


def main() -> None:
    """Parse the command line, train and judge all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("renders", type=Path)
    parser.add_argument("judged", type=Path)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--loss", default="hdr-display")
    parser.add_argument("--figure", type=Path, help="file to draw the curves in (needs matplotlib)")
    arguments = parser.parse_args()
    scenes: dict[str, list[Path]] = {}
    for view in find_views(arguments.renders):
        scenes.setdefault(view.folder.parent.name, []).append(view.folder)
    names = sorted(scenes)
    random.Random(0).shuffle(names)
    counts = sorted({max(2, len(names) // part) for part in (16, 8, 4, 2, 1)})
    runs = [(count, arguments.steps) for count in counts]
    runs += [(len(names), int(arguments.steps * factor)) for factor in (0.25, 0.5, 2, 4)]
    frames = _frames(arguments.judged)
    results: dict[tuple[int, int], tuple[float, float]] = {}
    print("| scenes | views | steps | relMSE | PSNR |\n|---|---|---|---|---|")
    for count, steps in runs:
        folders = [folder for name in names[:count] for folder in scenes[name]]
        with tempfile.TemporaryDirectory() as place:
            _link(folders, arguments.renders, Path(place) / "renders")
            options = TrainOptions(
                model="kpn", config={"width": 8, "growth": 8}, loss=arguments.loss, steps=steps, batch=4, crop=96
            )
            model = train(Path(place) / "renders", Path(place) / "run", options, "cpu").model
            results[count, steps] = _judge(Denoiser(model, "cpu"), frames)
        error, decibels = results[count, steps]
        print(f"| {count} | {len(folders)} | {steps} | {error:.4f} | {decibels:.2f} |", flush=True)
    if arguments.figure:
        _draw(results, len(names), arguments.steps, arguments.figure)


def _link(folders: list[Path], renders: Path, place: Path) -> None:
    """The views in `folders`, at their places below `renders`, as links."""
    for folder in folders:
        there = place / folder.relative_to(renders)
        there.mkdir(parents=True)
        for file in folder.iterdir():
            os.symlink(file.resolve(), there / file.name)


def _frames(judged: Path) -> list[tuple]:
    """(frame, the reference's halves) for the first realization of every view; references may be of another spp."""
    views = sorted({path.parent for path in judged.rglob("r000.exr")})
    halves = {}
    for view in views:
        files = [view / f"ref_{half}.exr" for half in "ab"]
        if all(file.exists() for file in files):
            halves[view.parent.name, view.name] = [read_frame(file).radiance for file in files]
    return [(read_frame(view / "r000.exr"), halves[view.parent.name, view.name]) for view in views]


def _judge(denoiser: Denoiser, frames: list[tuple]) -> tuple[float, float]:
    errors, decibels = [], []
    for frame, (one, other) in frames:
        result = denoiser.denoise(frame.radiance, frame.albedo, frame.normal)
        errors.append(relmse_halves(result, one, other))
        decibels.append(psnr(result, (one + other) / 2))
    return float(np.exp(np.log(np.maximum(errors, 1e-9)).mean())), float(np.mean(decibels))


def _draw(results: dict[tuple[int, int], tuple[float, float]], most: int, steps: int, file: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
    by_scenes = sorted((count, result[0]) for (count, taken), result in results.items() if taken == steps)
    by_steps = sorted((taken, result[0]) for (count, taken), result in results.items() if count == most)
    left.loglog(*zip(*by_scenes, strict=True), "o-")
    right.loglog(*zip(*by_steps, strict=True), "o-")
    left.set(xlabel=f"scenes ({steps} steps)", ylabel="relMSE")
    right.set(xlabel=f"steps ({most} scenes)")
    for axes, values in ((left, by_scenes), (right, by_steps)):
        axes.set_xticks([value for value, _ in values], [str(value) for value, _ in values])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main()
