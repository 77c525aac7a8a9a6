"""`python -m mcdenoise.rendering.probe VARIANT`: render a tiny scene, print what was used, exit 0 if it is right."""

import os
import sys

from mcdenoise.rendering.variants import prepare_environment


def main(variant: str) -> int:
    prepare_environment()
    import mitsuba as mi
    import numpy as np

    if variant not in mi.variants():
        known = ", ".join(mi.variants())
        print(f"this Mitsuba has no such variant (it has {known})", file=sys.stderr)
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
        radiance = np.array(mi.render(scene, spp=4, seed=1))
    except Exception as error:  # whatever Mitsuba raises is the answer
        print(str(error).strip().splitlines()[-1], file=sys.stderr)
        return 1
    if not (np.isfinite(radiance).all() and 0.9 < radiance.max() < 1.1):
        print(f"renders wrong values (maximum {radiance.max():.3g} under a light of 1)", file=sys.stderr)
        return 1
    print(f"works with {os.environ.get('DRJIT_LIBLLVM_PATH')}" if variant.startswith("llvm") else "works")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
