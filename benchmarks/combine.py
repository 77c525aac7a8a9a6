"""Several denoisers combined by the noise of their input, beside each of them alone, on frames with references.

    python benchmarks/combine.py FOLDER... [--count 2] [--model NAME_OR_FILE]... [--figure curves.png]

FOLDER holds either `<scene>_<spp>spp_r000.exr`, ... and, as two independent halves of a reference,
`<scene>_ref_a.exr` and `<scene>_ref_b.exr`; or views that `mcdenoise render` wrote at several spp, one folder for
each, with references in at least one of them:

    for spp in 4 32 256; do mcdenoise render scenes/small-lamp --spp $spp --realizations 4 --out spp/$spp; done
    mcdenoise render scenes/small-lamp --spp 1024 --realizations 4 --reference-spp 4096 --out spp/1024

Prints for every scene and spp the relMSE (the reference's noise cancelled) of the mean of `--count` realizations, of
OIDN's modes and each model on that mean, and of `mcdenoise.combine` over all of them; how it compares with the best of
them; the error that it estimated without the reference; and the seconds. Then geometric means beside the OIDN mode that
is the best for the whole set, and how true the estimates were. `--figure` draws error against samples (needs
matplotlib).
"""

import argparse
import re
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import mcdenoise
from mcdenoise.evaluation.metrics import relmse_halves
from mcdenoise.exr import read_frame
from mcdenoise.frame import Frame, mean_frame
from mcdenoise.inference.candidates import OIDN_MODES, candidates
from mcdenoise.inference.combine import Denoise
from mcdenoise.inference.denoiser import Denoiser

_NAME = re.compile(r"(?P<scene>.+)_(?P<spp>\d+)spp_r(?P<index>\d+)\.exr")
_OIDN = ("OIDN, colour", "OIDN", "OIDN, prefiltered")


@dataclass(frozen=True)
class View:
    """Realizations of one view at one spp, and the reference's halves."""

    scene: str
    spp: int
    frames: list[Path]
    halves: list[Path]


def main() -> None:
    """Parse the command line, score everything, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--count", type=int, default=2, help="realizations to combine")
    parser.add_argument("--model", action="append", default=[], help="a model's name or file, besides OIDN")
    parser.add_argument("--figure", type=Path, help="file to draw the curves in")
    arguments = parser.parse_args()
    denoisers = _denoisers(arguments.model)
    methods = ["noisy", *denoisers, "combined"]
    errors: dict[tuple[str, int], dict[str, float]] = {}
    ratios: dict[int, list[float]] = defaultdict(list)
    print(
        "| " + " | ".join(["scene", "spp", *methods, "/ best", "estimated / true", "denoising s", "combining s"]) + " |"
    )
    print("|" + " --- |" * (len(methods) + 6))
    for view in _views(arguments.folders):
        if len(view.frames) < arguments.count:
            continue
        frames = [read_frame(path) for path in view.frames[: arguments.count]]
        halves = [read_frame(path).radiance for path in view.halves]
        scores, estimated, seconds = _score(frames, halves, denoisers)
        errors[view.scene, view.spp] = scores
        ratios[view.spp].append(estimated / scores["combined"])
        best = min(value for name, value in scores.items() if name != "combined")
        cells = [view.scene, str(view.spp), *(f"{scores[name]:.5f}" for name in methods)]
        cells += [f"{scores['combined'] / best:.3f}", f"{estimated / scores['combined']:.2f}"]
        print("| " + " | ".join([*cells, *(f"{value:.2f}" for value in seconds)]) + " |", flush=True)
    _print_means(errors, methods)
    _print_ratios(ratios)
    if arguments.figure:
        _draw(errors, methods, arguments.count, arguments.figure)


def _views(folders: list[Path]) -> list[View]:
    views, references = [], {}
    grouped: dict[tuple[str, int], list[Path]] = defaultdict(list)
    for folder in folders:
        for path in sorted(folder.glob("*_r[0-9][0-9][0-9].exr")):
            match = _NAME.fullmatch(path.name)
            if match:
                grouped[match["scene"], int(match["spp"])].append(path)
                halves = [folder / f"{match['scene']}_ref_{half}.exr" for half in "ab"]
                references[match["scene"]] = halves
        for view in sorted({path.parent for path in folder.rglob("r000.exr")}):
            scene = f"{view.parent.name}/{view.name}"
            frames = sorted(view.glob("r[0-9][0-9][0-9].exr"))
            grouped[scene, int(read_frame(frames[0]).attributes["spp"])] += frames
            halves = [view / f"ref_{half}.exr" for half in "ab"]
            if all(half.exists() for half in halves):
                references[scene] = halves
    for (scene, spp), frames in sorted(grouped.items()):
        if scene in references:
            views.append(View(scene, spp, frames, references[scene]))
    return views


def _score(
    frames: list[Frame], halves: list[np.ndarray], denoisers: dict[str, Denoise]
) -> tuple[dict[str, float], float, tuple[float, float]]:
    """Errors by method, the estimate of the combined one's, and seconds of the denoisers and of everything else."""
    spent = 0.0

    def timed(denoise: Denoise) -> Denoise:
        def run(*arrays: np.ndarray | None) -> np.ndarray:
            nonlocal spent
            started = time.perf_counter()
            result = denoise(*arrays)
            spent += time.perf_counter() - started
            return result

        return run

    whole = mean_frame(frames)
    scores = {"noisy": relmse_halves(whole.radiance, *halves)}
    for name, denoise in denoisers.items():
        scores[name] = relmse_halves(denoise(whole.radiance, whole.albedo, whole.normal), *halves)
    started = time.perf_counter()
    combined = mcdenoise.combine(frames, [timed(denoise) for denoise in denoisers.values()])
    total = time.perf_counter() - started
    scores["combined"] = relmse_halves(combined.radiance, *halves)
    return scores, combined.relmse, (spent, total - spent)


def _print_means(errors: dict[tuple[str, int], dict[str, float]], methods: list[str]) -> None:
    def mean(name: str, keys: list[tuple[str, int]]) -> float:
        return float(np.exp(np.mean([np.log(max(errors[key][name], 1e-9)) for key in keys])))

    print("\ngeometric means, and over the best OIDN mode of the whole set:")
    print("| " + " | ".join(["spp", *methods, "combined / OIDN", "worst / best"]) + " |")
    print("|" + " --- |" * (len(methods) + 3))
    for spp in [None, *sorted({spp for _, spp in errors})]:
        keys = [key for key in errors if spp in (None, key[1])]
        oidn = min(mean(name, keys) for name in _OIDN)
        worst = max(errors[k]["combined"] / min(v for n, v in errors[k].items() if n != "combined") for k in keys)
        cells = [str(spp or "all"), *(f"{mean(name, keys):.5f}" for name in methods)]
        print("| " + " | ".join([*cells, f"{mean('combined', keys) / oidn:.3f}", f"{worst:.3f}"]) + " |")


def _print_ratios(ratios: dict[int, list[float]]) -> None:
    print(
        "\nestimated over true relMSE of what was combined: geometric mean, and by what factor a standard deviation"
        " of its logarithm is off:"
    )
    print("| spp | views | mean | factor | within 10% |\n|" + " --- |" * 5)
    for spp in [None, *sorted(ratios)]:
        some = np.array([one for key, values in ratios.items() if spp in (None, key) for one in values])
        logs = np.log(np.maximum(some, 1e-3))
        spread = f"{np.exp(logs.std(ddof=1)):.2f}" if len(some) > 1 else ""
        close = int((np.abs(some - 1) <= 0.1).sum())
        print(f"| {spp or 'all'} | {len(some)} | {np.exp(logs.mean()):.2f} | {spread} | {close} |")


def _draw(errors: dict[tuple[str, int], dict[str, float]], methods: list[str], count: int, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    scenes = sorted({scene for scene, _ in errors})
    figure, axes = plt.subplots(1, len(scenes), figsize=(4 * len(scenes), 3.6), squeeze=False, layout="constrained")
    for scene, axis in zip(scenes, axes[0], strict=True):
        spp = sorted(spp for name, spp in errors if name == scene)
        for name in methods:
            width = 2.5 if name == "combined" else 1.2
            axis.loglog(
                [count * s for s in spp], [errors[scene, s][name] for s in spp], "o-", lw=width, ms=3, label=name
            )
        axis.set(title=scene, xlabel="samples per pixel", ylabel="relMSE")
    axes[0][0].legend(fontsize=7)
    figure.savefig(path, dpi=110)


def _denoisers(models: list[str]) -> dict[str, Denoise]:
    found = candidates(OIDN_MODES, None) | {Path(model).stem: Denoiser(model).denoise for model in models}
    return dict(zip([*_OIDN, *list(found)[len(_OIDN) :]], found.values(), strict=True))


if __name__ == "__main__":
    main()
