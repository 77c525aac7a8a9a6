"""Quality of models beside Open Image Denoise, on frames with references.

    python benchmarks/quality.py FOLDER [--model NAME_OR_FILE]...

FOLDER holds `<scene>_<spp>spp_r000.exr` and, as two independent halves of a reference, `<scene>_ref_a.exr` and
`<scene>_ref_b.exr`. Prints, for every spp, the geometric mean over scenes of relMSE (the reference's noise cancelled)
and the mean PSNR after the paper's tonemapping, of the noisy input, of each model with and without features, and of
OIDN (High quality) on colour and with features; then the same for each scene.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

import mitsuba_oidn
import numpy as np

from mcdenoise.evaluation.metrics import psnr, relmse_halves
from mcdenoise.exr import read_frame
from mcdenoise.frame import Frame
from mcdenoise.inference.denoiser import Denoiser

_NAME = re.compile(r"(?P<scene>.+)_(?P<spp>\d+)spp_r000\.exr")


def main() -> None:
    """Parse the command line, score everything, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", action="append", default=[], help="a model's name or file (default: default)")
    arguments = parser.parse_args()
    methods = _methods(arguments.model or ["default"])
    scores: dict[int, dict[str, dict[str, tuple[float, float]]]] = {}
    for path in sorted(arguments.folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if not match:
            continue
        scene, spp = match["scene"], int(match["spp"])
        frame = read_frame(path)
        halves = [read_frame(arguments.folder / f"{scene}_ref_{half}.exr").radiance for half in "ab"]
        for name, method in methods.items():
            result = method(frame)
            score = relmse_halves(result, *halves), psnr(result, (halves[0] + halves[1]) / 2)
            scores.setdefault(spp, {}).setdefault(name, {})[scene] = score
    for spp, by_method in sorted(scores.items()):
        scenes = sorted(next(iter(by_method.values())))
        print(f"\n{spp} spp, relMSE / PSNR:")
        print("| " + " | ".join(["", "all", *scenes]) + " |")
        print("|" + " --- |" * (len(scenes) + 2))
        for name, by_scene in by_method.items():
            errors, ratios = np.array([by_scene[scene] for scene in scenes]).T
            mean = np.exp(np.mean(np.log(np.maximum(errors, 1e-9)))), ratios.mean()
            cells = [f"{error:.4f} / {ratio:.1f}" for error, ratio in (mean, *zip(errors, ratios, strict=True))]
            print("| " + " | ".join([name, *cells]) + " |")


def _methods(models: list[str]) -> dict[str, Callable[[Frame], np.ndarray]]:
    methods: dict[str, Callable[[Frame], np.ndarray]] = {"noisy": lambda frame: frame.radiance}
    for model in models:
        denoiser = Denoiser(model)
        name = Path(model).stem if model.count("/") == 0 else "/".join(Path(model).parts[-2:])
        methods[name] = lambda frame, denoiser=denoiser: denoiser.denoise(frame.radiance, frame.albedo, frame.normal)
        methods[f"{name}, colour only"] = lambda frame, denoiser=denoiser: denoiser.denoise(frame.radiance)
    methods["OIDN, colour only"] = lambda frame: _oidn(frame.radiance)
    methods["OIDN"] = lambda frame: _oidn(frame.radiance, np.clip(frame.albedo, 0, 1), frame.normal)
    return methods


def _oidn(color: np.ndarray, *features: np.ndarray) -> np.ndarray:
    return np.asarray(mitsuba_oidn.denoise(color, *features, hdr=True))


if __name__ == "__main__":
    main()
