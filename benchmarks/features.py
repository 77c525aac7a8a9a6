"""What it costs in a JIT variant to render radiance and features at once, against one after the other.

    python benchmarks/features.py [SCENE.xml] [--variant llvm_ad_rgb] [--runs 7]

Times the scene's integrator wrapped in `aov`, as the scalar variants use it, against the integrator and an `aov` alone
with the same seed, as the JIT variants do, in turn in one process after a warm-up; prints medians, their ratio, and
whether the bytes are the same.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from mcdenoise.rendering.variants import prepare_environment


def main() -> None:
    """Parse the command line, time both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).parents[1] / "scenes" / "validation-living-room" / "scene.xml"
    parser.add_argument("scene", type=Path, nargs="?", default=default)
    parser.add_argument("--variant", default="llvm_ad_rgb")
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    prepare_environment()
    import mitsuba as mi

    mi.set_variant(arguments.variant)
    from mcdenoise.rendering.features import AOVS

    scene = mi.load_file(str(arguments.scene), resx=320, resy=240)
    alone = mi.load_dict({"type": "aov", "aovs": AOVS})
    wrapped = mi.load_dict({"type": "aov", "aovs": AOVS, "radiance": scene.integrator()})

    def render(*integrators: object) -> np.ndarray:
        images = [np.array(mi.render(scene, integrator=integrator, spp=8, seed=1)) for integrator in integrators]
        return np.concatenate(images, axis=2)

    ways = {"at once": (wrapped,), "in turn": (scene.integrator(), alone)}
    images = {name: render(*integrators) for name, integrators in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.runs):
        for name, integrators in ways.items():
            started = time.perf_counter()
            render(*integrators)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, median in medians.items():
        print(f"{name}: {median:.3f} s")
    print(f"in turn / at once: {medians['in turn'] / medians['at once']:.2f}")
    print(f"same bytes: {np.array_equal(images['at once'], images['in turn'])}")


if __name__ == "__main__":
    main()
