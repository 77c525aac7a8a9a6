"""What it is worth for OIDN, and what it costs, to record features of what is seen in mirrors and through glass.

    python benchmarks/specular_features.py [SCENE.xml]... [--size 256] [--spp 8 32] [--seeds 5] [--reference 1024]
                                           [--variant llvm_ad_rgb] [--picture PATH.png]

For every scene (by default a still life behind panes of glass, a room in a mirror, and scenes/glass-caustics) prints
relMSE of Open Image Denoise (High quality), the reference's noise cancelled, as a median over seeds:
  - colour: no features;
  - aov: Mitsuba's own, of the first hit, in which smooth glass and mirrors are black;
  - white: the same with the albedo 1 that OIDN's documentation asks for on specular surfaces that are not followed;
  - seen: those of `mcdenoise.rendering.features`;
and the last three prefiltered too (albedo and normal denoised on their own, then taken as clean). Then the time that
features take: `aov` and ours in turn, a median of seven after a warm-up, and the share of a frame's time with ours.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import mitsuba_oidn
import numpy as np

from mcdenoise.evaluation.metrics import relmse_halves
from mcdenoise.rendering.variants import prepare_environment

FOLDER = Path(__file__).parent / "specular_features"
DEFAULT = (
    FOLDER / "panes.xml",
    FOLDER / "mirror.xml",
    Path(__file__).parents[1] / "scenes" / "glass-caustics" / "scene.xml",
)
KINDS = ("aov", "white", "seen")


def main() -> None:
    """Parse the command line, render, denoise, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", type=Path, nargs="*", default=DEFAULT)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--spp", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--reference", type=int, default=1024, help="spp of both halves of the reference together")
    parser.add_argument("--variant", default="llvm_ad_rgb")
    parser.add_argument("--picture", type=Path, help="also draw radiance and features of the scenes as a PNG")
    arguments = parser.parse_args()
    prepare_environment()
    import mitsuba as mi

    mi.set_variant(arguments.variant)
    rows = []
    for path in arguments.scenes:
        scene = _Scene(path, arguments.size)
        print(f"\n{scene.name}, {arguments.size} x {arguments.size}")
        halves = [scene.radiance(arguments.reference // 2, seed) for seed in (10_000, 10_001)]
        _print_quality(scene, halves, arguments.spp, arguments.seeds)
        _print_time(scene)
        rows.append(_picture_row(scene, (halves[0] + halves[1]) / 2))
    if arguments.picture:
        pixels = (np.concatenate(rows).clip(0, 1) * 255 + 0.5).astype(np.uint8)
        mi.Bitmap(pixels).write(str(arguments.picture))


class _Scene:
    """A scene loaded as the farm does, and the integrators to compare."""

    def __init__(self, path: Path, size: int):
        import mitsuba as mi

        from mcdenoise.rendering import features
        from mcdenoise.rendering.scene import digest, load

        self.name = path.parent.name if path.stem == "scene" else path.stem
        self.loaded = load(path, (size, size), "box", digest(path))
        self.integrators = {
            "aov": mi.load_dict({"type": "aov", "aovs": features.AOVS}),
            "white": features.seen_features(self.loaded.scene, max_events=0),
            "seen": features.seen_features(self.loaded.scene),
        }

    def render(self, integrator: Any, spp: int, seed: int) -> np.ndarray:
        """Channels `[h, w, c]`, in passes that LLVM renders in bounded memory."""
        import mitsuba as mi

        scene, sensor = self.loaded.scene, self.loaded.sensor
        parts = [64] * (spp // 64) + [spp % 64] * (spp % 64 > 0)
        seeds = (seed * 100 + number for number in range(len(parts)))
        renders = [
            part
            * np.array(mi.render(scene, sensor=sensor, integrator=integrator, spp=part, seed=own), dtype=np.float64)
            for part, own in zip(parts, seeds, strict=True)
        ]
        return (sum(renders) / spp).astype(np.float32)

    def radiance(self, spp: int, seed: int) -> np.ndarray:
        return np.nan_to_num(self.render(self.loaded.radiance_integrator, spp, seed)[..., :3], posinf=0, neginf=0)

    def features(self, spp: int, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Albedo and normal of every kind, from the camera rays of the radiance with the same seed."""
        images = {kind: self.render(integrator, spp, seed) for kind, integrator in self.integrators.items()}
        return {kind: (image[..., :3].clip(0, 1), image[..., 3:6]) for kind, image in images.items()}


def _print_quality(scene: _Scene, halves: list[np.ndarray], spps: list[int], seeds: int) -> None:
    columns = ("noisy", "colour", *KINDS, *(f"{kind}, prefiltered" for kind in KINDS))
    print("| spp | " + " | ".join(columns) + " | seen / aov |")
    print("|" + " --- |" * (len(columns) + 2))
    for spp in spps:
        errors: dict[str, list[float]] = {column: [] for column in columns}
        for seed in range(seeds):
            radiance = scene.radiance(spp, seed)
            results = {"noisy": radiance, "colour": _oidn(radiance)}
            for kind, (albedo, normal) in scene.features(spp, seed).items():
                results[kind] = _oidn(radiance, albedo, normal)
                clean = _prefiltered("albedo", albedo), _prefiltered("normal", normal)
                results[f"{kind}, prefiltered"] = _oidn(radiance, *clean, clean_aux=True)
            for column, result in results.items():
                errors[column].append(relmse_halves(result, *halves))
        medians = [statistics.median(errors[column]) for column in columns]
        ratio = statistics.median(a / b for a, b in zip(errors["seen"], errors["aov"], strict=True))
        print(f"| {spp} | " + " | ".join(f"{median:.5f}" for median in medians) + f" | {ratio:.2f} |")


def _print_time(scene: _Scene, spp: int = 32, runs: int = 7) -> None:
    ways = {kind: scene.integrators[kind] for kind in ("aov", "seen")} | {"radiance": scene.loaded.radiance_integrator}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for run in range(runs + 1):
        for way, integrator in ways.items():
            started = time.perf_counter()
            scene.render(integrator, spp, 0)
            if run > 0:
                seconds[way].append(time.perf_counter() - started)
    aov, seen, radiance = (statistics.median(seconds[way]) for way in ways)
    print(
        f"time at {spp} spp: aov {aov:.3f} s, seen {seen:.3f} s ({seen / aov:.2f} x), radiance {radiance:.3f} s; ",
        end="",
    )
    print(f"a frame takes {(radiance + seen) / (radiance + aov):.2f} x as long")


def _oidn(color: np.ndarray, *features: np.ndarray, clean_aux: bool = False) -> np.ndarray:
    return np.asarray(mitsuba_oidn.denoise(color, *features, hdr=True, clean_aux=clean_aux))


def _prefiltered(name: str, image: np.ndarray) -> np.ndarray:
    """A feature image denoised on its own, as OIDN's documentation says: it is the filter's only input."""
    device = mitsuba_oidn.Device()
    device.commit()
    prefilter = device.new_filter("RT")
    output = np.empty_like(image)
    prefilter.set_image(name, np.ascontiguousarray(image))
    prefilter.set_image("output", output)
    prefilter.commit()
    prefilter.execute()
    return output


def _picture_row(scene: _Scene, radiance: np.ndarray, spp: int = 32) -> np.ndarray:
    """Radiance, albedo of `aov` and ours, normal of `aov` and ours, side by side."""
    features = scene.features(spp, 0)
    colors = [radiance, features["aov"][0], features["seen"][0]]
    normals = [features["aov"][1] * 0.5 + 0.5, features["seen"][1] * 0.5 + 0.5]
    return np.concatenate([*(image.clip(0, 1) ** (1 / 2.2) for image in colors), *normals], axis=1)


if __name__ == "__main__":
    main()
