"""Quality of models beside Open Image Denoise, on frames with references.

    python benchmarks/quality.py FOLDER [--model NAME_OR_FILE]... [--passes 1 2 4 8] [--scenes]

FOLDER holds independent realizations `<scene>_<spp>spp_r000.exr`, `_r001.exr`, ... and, as two independent halves of a
reference, `<scene>_ref_a.exr` and `<scene>_ref_b.exr`. Each realization, and the means of each two, four, ... of them,
are denoised as one frame: by each model and by OIDN (High quality), with and without features. A scene's score at an
spp is the mean over its frames: of relMSE (the reference's noise cancelled), PSNR after the paper's tonemapping, and
HDR-FLIP. Prints for every spp the geometric mean over scenes of the first, and the means of the others. --passes: also
what each model makes of a frame seen so often. --scenes: also relMSE and PSNR of each scene.
"""

import argparse
import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from mcdenoise.evaluation.metrics import flip, psnr, relmse_halves
from mcdenoise.exr import read_frame
from mcdenoise.frame import Frame, mean_frame
from mcdenoise.inference.candidates import candidates
from mcdenoise.inference.combine import Denoise
from mcdenoise.inference.denoiser import PASSES, Denoiser

_NAME = re.compile(r"(?P<scene>.+)_(?P<spp>\d+)spp_r\d{3}\.exr")
_OIDN = {"oidn-color": "OIDN, colour only", "oidn": "OIDN", "oidn-prefilter": "OIDN, prefiltered features"}
_METRICS = ("relMSE", "PSNR", "FLIP")


def main() -> None:
    """Parse the command line, score everything, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", action="append", default=[], help="a model's name or file (default: default)")
    parser.add_argument("--passes", type=int, nargs="+", choices=PASSES, default=[], help="also with so many passes")
    parser.add_argument("--scenes", action="store_true", help="print the scores of each scene, too")
    arguments = parser.parse_args()
    methods = _methods(arguments.model or ["default"], arguments.passes)
    scores: dict[int, dict[str, dict[str, np.ndarray]]] = defaultdict(lambda: defaultdict(dict))
    for scene, by_spp in _frames(arguments.folder).items():
        halves = [read_frame(arguments.folder / f"{scene}_ref_{half}.exr").radiance for half in "ab"]
        reference = (halves[0] + halves[1]) / 2
        for spp, frames in by_spp.items():
            for name, method in methods.items():
                measured = []
                for frame in frames:
                    result = np.asarray(method(frame.radiance, frame.albedo, frame.normal))
                    one = relmse_halves(result, *halves), psnr(result, reference), flip(result, reference).mean()
                    measured.append(one)
                scores[spp][name][scene] = np.mean(measured, axis=0)
    for spp, by_method in sorted(scores.items()):
        _print(spp, by_method, arguments.scenes)


def _frames(folder: Path) -> dict[str, dict[int, list[Frame]]]:
    """For each scene the frames to denoise, by their samples per pixel; those of one spp have no samples in common."""
    files: dict[tuple[str, int], list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        if match := _NAME.fullmatch(path.name):
            files[match["scene"], int(match["spp"])].append(path)
    found: dict[str, dict[int, list[Frame]]] = defaultdict(dict)
    for (scene, spp), paths in files.items():
        frames = [read_frame(path) for path in paths]
        count = 1
        while count <= len(frames):
            groups = [frames[first : first + count] for first in range(0, len(frames) - count + 1, count)]
            found[scene].setdefault(count * spp, [mean_frame(group) for group in groups])
            count *= 2
    return found


def _print(spp: int, by_method: dict[str, dict[str, np.ndarray]], each: bool) -> None:
    means = {}
    for name, by_scene in by_method.items():
        errors, decibels, differences = np.array(list(by_scene.values())).T
        means[name] = np.exp(np.log(np.maximum(errors, 1e-9)).mean()), decibels.mean(), differences.mean()
    best = min(means[name][0] for name in _OIDN.values())
    scenes = sorted(next(iter(by_method.values()))) if each else []
    print(f"\n{spp} spp:\n")
    print("| " + " | ".join(["method", *_METRICS, "relMSE / OIDN's best", *scenes]) + " |")
    print("|" + " --- |" * (2 + len(_METRICS) + len(scenes)))
    for name, (error, decibels, difference) in means.items():
        cells = [f"{error:.4f}", f"{decibels:.2f}", f"{difference:.4f}", f"{error / best:.2f}"]
        cells += ["{:.4f} / {:.1f}".format(*by_method[name][scene]) for scene in scenes]
        print("| " + " | ".join([name, *cells]) + " |")


def _methods(models: list[str], passes: list[int]) -> dict[str, Denoise]:
    methods: dict[str, Denoise] = {"noisy": lambda color, albedo, normal: color}
    for model in models:
        denoise = Denoiser(model).denoise
        name = Path(model).stem if model.count("/") == 0 else "/".join(Path(model).parts[-2:])
        methods[name] = denoise
        methods[f"{name}, colour only"] = lambda color, albedo, normal, denoise=denoise: denoise(color)
        for count in passes:
            methods[f"{name}, {count} pass{'es' if count > 1 else ''}"] = Denoiser(model, passes=count).denoise
    return methods | {_OIDN[name]: denoise for name, denoise in candidates(list(_OIDN), None).items()}


if __name__ == "__main__":
    main()
