"""How error falls with the number of scenes that were learnt from, and with training time.

    python benchmarks/scaling.py RENDERS --judged FOLDER... [--scenes 20 80 320] [--steps 300 900 2700]

RENDERS holds what to learn from, as `mcdenoise render` writes it; JUDGED renders of scenes that are not in there, with
references in at least one folder of them. For each number of scenes, the first so many in an order that a seed gives, a
network is trained for each number of steps, each time from random weights and to the end of its learning rate, and the
first realization of every judged view is denoised. Keeps runs and results in `--out`, and goes on there: one that is
there is not trained again. Prints relMSE (the reference's noise cancelled; geometric mean over views), and draws it.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mcdenoise import atomic
from mcdenoise.data.views import find_views
from mcdenoise.evaluation.metrics import relmse_halves
from mcdenoise.exr import read_frame
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.training.loop import Progress, TrainOptions, train

_ROWS = list[dict[str, float]]


def main() -> None:
    """Parse the command line, train what is missing, judge it, print the table and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("renders", type=Path)
    parser.add_argument("--judged", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--scenes", type=int, nargs="+", default=[20, 80, 320])
    parser.add_argument("--steps", type=int, nargs="+", default=[300, 900, 2700])
    parser.add_argument("--model", default="kpn-small")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--crop", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("scaling"))
    arguments = parser.parse_args()
    folders = sorted({view.folder.parent for view in find_views(arguments.renders)})
    order = np.random.default_rng(arguments.seed).permutation(len(folders))
    judged = _judged(arguments.judged)
    rows = []
    for steps in sorted(arguments.steps):
        for count in sorted({min(count, len(folders)) for count in arguments.scenes}):
            renders = _subset([folders[i] for i in order[:count]], arguments.out / f"scenes-{count}")
            options = TrainOptions(
                model=arguments.model,
                steps=steps,
                batch=arguments.batch,
                crop=arguments.crop,
                loss="hdr-robust",
                seed=arguments.seed,
            )
            done = train(
                renders, arguments.out / f"{count}-{steps}", options, arguments.device, report=_counter(count, steps)
            )
            rows.append({"scenes": count, "steps": steps, "minutes": round(done.seconds / 60, 2)})
            rows[-1] |= {f"relMSE at {spp} spp": error for spp, error in _errors(done.model, judged).items()}
            print("\r" + ", ".join(f"{name} {value:.5g}" for name, value in rows[-1].items()), flush=True)
    _write(rows, arguments.out / "scaling.csv")
    print("\n| " + " | ".join(rows[0]) + " |\n|" + " --- |" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(f"{value:.4g}" for value in row.values()) + " |")
    _draw(rows, arguments.out / "scaling.png")


def _judged(folders: list[Path]) -> dict[int, list[tuple[Path, list[np.ndarray]]]]:
    """By spp, the first realization of every view, and the halves of its reference."""
    frames, references = defaultdict(list), {}
    for folder in folders:
        for first in sorted(folder.rglob("r000.exr")):
            view = first.parent
            frames[int(read_frame(first).attributes["spp"])].append(first)
            halves = [view / f"ref_{half}.exr" for half in "ab"]
            if all(half.is_file() for half in halves):
                references[view.parent.name, view.name] = [read_frame(half).radiance for half in halves]
    return {
        spp: [(path, references[path.parts[-3], path.parts[-2]]) for path in paths]
        for spp, paths in sorted(frames.items())
    }


def _subset(scenes: list[Path], folder: Path) -> Path:
    """A folder of links to the scenes' renders."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, scene in enumerate(scenes):
        link = folder / f"{number:04d}-{scene.name}"
        if not link.exists():
            link.symlink_to(scene.resolve(), target_is_directory=True)
    return folder


def _counter(count: int, steps: int) -> Callable[[Progress], None]:
    def show(progress: Progress) -> None:
        if progress.step % 50 == 0:
            print(f"\r{count} scenes, step {progress.step} of {steps} ", end="", file=sys.stderr, flush=True)

    return show


def _errors(model: Path, judged: dict[int, list[tuple[Path, list[np.ndarray]]]]) -> dict[int, float]:
    denoiser, found = Denoiser(model), {}
    for spp, views in judged.items():
        errors = []
        for path, halves in views:
            frame = read_frame(path)
            errors.append(relmse_halves(denoiser.denoise(frame.radiance, frame.albedo, frame.normal), *halves))
        found[spp] = float(np.exp(np.log(np.maximum(errors, 1e-9)).mean()))
    return found


def _write(rows: _ROWS, path: Path) -> None:
    with atomic.replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _draw(rows: _ROWS, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullLocator

    measures = [name for name in rows[0] if name.startswith("relMSE")]
    figure, axes = plt.subplots(
        2, len(measures), figsize=(3.6 * len(measures), 6.4), squeeze=False, layout="constrained"
    )
    for column, measure in zip(axes.T, measures, strict=True):
        for axis, along, of in ((column[0], "steps", "scenes"), (column[1], "scenes", "steps")):
            for value in sorted({row[of] for row in rows}):
                some = [row for row in rows if row[of] == value]
                axis.loglog([row[along] for row in some], [row[measure] for row in some], "o-", label=f"{value} {of}")
            ticks = sorted({row[along] for row in rows})
            axis.set_xticks(ticks, [f"{tick:,}" for tick in ticks], minor=False)
            axis.xaxis.set_minor_locator(NullLocator())
            axis.yaxis.set_major_formatter("{x:.3g}")
            axis.yaxis.set_minor_formatter("{x:.3g}")
            axis.set(xlabel=along, ylabel=measure)
            axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
