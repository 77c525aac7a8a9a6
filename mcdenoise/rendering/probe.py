"""`python -m mcdenoise.rendering.probe VARIANT`: render a tiny scene, print what was used, exit 0 if it is right."""

import os
import sys

from mcdenoise.rendering.variants import prepare_environment

_SPP = 64
_MEAN = 0.72
"""A ball of reflectance 0.5 under a light of 1 covers 56% of the film; single pixels of spectral variants are noisy."""


def main(variant: str) -> int:
    prepare_environment()
    import mitsuba as mi
    import numpy as np

    if variant not in mi.variants():
        known = ", ".join(mi.variants())
        print(f"this Mitsuba has no such variant, only {known}", file=sys.stderr)
        return 1
    try:
        mi.set_variant(variant)
        scene = mi.load_dict(
            {
                "type": "scene",
                "integrator": {"type": "direct"},
                "sensor": {
                    "type": "perspective",
                    "film": {"type": "hdrfilm", "width": 8, "height": 8, "rfilter": {"type": "box"}},
                    "to_world": mi.ScalarTransform4f().look_at([0, 0, 4], [0, 0, 0], [0, 1, 0]),
                },
                "shape": {"type": "sphere"},
                "light": {"type": "constant"},
            }
        )
        radiance = np.array(mi.render(scene, spp=_SPP, seed=1))
    except Exception as error:  # whatever Mitsuba raises is the answer
        print(str(error).strip().splitlines()[-1], file=sys.stderr)
        return 1
    if not (np.isfinite(radiance).all() and abs(radiance.mean() / _MEAN - 1) < 0.15):
        print(f"renders wrong values (mean {radiance.mean():.3g} instead of {_MEAN})", file=sys.stderr)
        return 1
    print(f"works with {os.environ.get('DRJIT_LIBLLVM_PATH')}" if variant.startswith("llvm") else "works")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
