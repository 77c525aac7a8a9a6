"""What the rendering process does: it holds Mitsuba, one variant and the scene it loaded last.

It is a process of its own because a broken scene can abort Mitsuba, and with it the process that called it.
"""

import functools
import multiprocessing
import os
import signal
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcdenoise.atomic import remove_leftovers
from mcdenoise.errors import FrameError, SceneError
from mcdenoise.exr import MAX_PIXELS, write_frame
from mcdenoise.rendering.reasons import reason

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Setting:
    """What is the same for all frames of a scene."""

    path: Path
    name: str
    split: str
    size: tuple[int, int] | None
    pixel_filter: str
    seed: int
    variant: str


@dataclass(frozen=True)
class Description:
    """What is known of a scene once it is loaded: a hash of its files, the size of its frames, Mitsuba's version."""

    digest: str
    size: tuple[int, int]
    integrator: str
    mitsuba_version: str


@dataclass(frozen=True)
class Job:
    """One frame to render. name: `r000`, ..., or `ref_a`, `ref_b`. spp: its own; view_spp: that of the realizations."""

    setting: Setting
    digest: str
    view: int
    name: str
    spp: int
    view_spp: int
    file: Path
    fingerprint: str


@dataclass(frozen=True)
class Rendered:
    """A job done: the seconds it took, and the pixels that Mitsuba gave no finite radiance for."""

    seconds: float
    invalid_pixels: int


def start(variant: str) -> None:
    """Set up the process: Mitsuba's variant, and to end with its parent, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which then ends this process
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    from mcdenoise.rendering.variants import prepare_environment

    if variant.startswith("scalar"):
        os.environ.pop("DRJIT_LIBLLVM_PATH", None)  # not needed, and Dr.Jit would complain aloud about a wrong one
    prepare_environment()
    import mitsuba as mi

    mi.set_variant(variant)
    mi.set_log_level(mi.LogLevel.Error)


def describe(setting: Setting) -> Description:
    """Load a scene and say what it is. Raises SceneError, also if its film is too large to keep."""
    import mitsuba as mi

    from mcdenoise.rendering import scene

    digest = scene.digest(setting.path)
    loaded = scene.load(setting.path, setting.size, setting.pixel_filter, digest)
    width, height = loaded.size
    if width * height > MAX_PIXELS:  # nothing of this size is allocated before the first render
        raise SceneError(f"its film of {width} x {height} has more than {MAX_PIXELS} pixels: choose a smaller --size.")
    return Description(digest, loaded.size, loaded.integrator_name, mi.__version__)


def run(job: Job) -> Rendered:
    """Render one frame and write its file. Raises SceneError or FrameError."""
    import mitsuba as mi

    from mcdenoise.rendering import cameras, realization, scene
    from mcdenoise.rendering.seeds import base_seed, stream_index

    started = time.perf_counter()
    setting = job.setting
    try:
        loaded = scene.load(setting.path, setting.size, setting.pixel_filter, job.digest)
        own = job.view == 0
        cameras.point(loaded, loaded.own_camera if own else _camera(setting, job.digest, job.view, loaded.size))
        base = base_seed(setting.name, job.view, job.view_spp, setting.seed)
        frame, invalid = realization.render(loaded, job.spp, base, stream_index(job.name))
    except SceneError:
        raise
    except Exception as error:  # Mitsuba raises RuntimeError and others while rendering; each is the scene's fault
        raise SceneError(reason(error)) from None
    frame.attributes = {
        "scene": setting.name,
        "view": f"view{job.view:03d}",
        "realization": job.name,
        "spp": job.spp,
        "seed": setting.seed,
        "integrator": loaded.integrator_name,
        "pixelFilter": setting.pixel_filter,
        "variant": setting.variant,
        "mitsubaVersion": mi.__version__,
        "split": setting.split,
        "fingerprint": job.fingerprint,
    }
    try:
        job.file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FrameError(f"{job.file.parent}: cannot be made: {error.strerror}.") from None
    remove_leftovers(job.file.parent)
    write_frame(job.file, frame)
    return Rendered(time.perf_counter() - started, invalid)


@functools.lru_cache(maxsize=2)
def _camera(setting: Setting, digest: str, view: int, size: tuple[int, int]) -> "np.ndarray":
    """A view's camera, tried in a scalar variant: nothing to compile, and the same cameras whatever variant renders."""
    from mcdenoise.rendering import cameras, scene
    from mcdenoise.rendering.seeds import base_seed

    scale = cameras.PREVIEW_SIDE / max(size)
    small = tuple(max(1, round(side * scale)) for side in size)
    with warnings.catch_warnings(), scene.variant("scalar_rgb"):
        # Dr.Jit counts how often Mitsuba's modules are made anew, which every change of variant does, and warns.
        warnings.filterwarnings("ignore", message=".*AST-transforming decorator", category=RuntimeWarning)
        preview = scene.load(setting.path, small, "box", digest)
        return cameras.camera(preview, view, base_seed(setting.name, view, 0, setting.seed))


def _end_with(parent: object) -> None:
    parent.join()
    os._exit(1)
