"""What a rendering process does with a scene: it describes it, and renders and writes its frames."""

import contextlib
import functools
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mcdenoise.atomic import remove_leftovers
from mcdenoise.errors import FrameError, SceneError
from mcdenoise.exr import MAX_PIXELS, write_frame
from mcdenoise.frame import Frame
from mcdenoise.rendering.jobs import Description, Job, Setting
from mcdenoise.rendering.paths import Keyframe
from mcdenoise.rendering.reasons import reason

if TYPE_CHECKING:
    import numpy as np

    from mcdenoise.rendering.scene import LoadedScene


def describe(setting: Setting) -> Description:
    """Say what a scene is, from its files alone. Raises SceneError, also if its film is too large to keep."""
    import mitsuba as mi

    if mi.variant() is None:
        mi.set_variant("scalar_rgb")
    from mcdenoise.rendering import scene

    (width, height), integrator = scene.outline(setting.path)
    width, height = setting.size or (width, height)
    if width * height > MAX_PIXELS:  # nothing of this size is allocated before the first render
        raise SceneError(f"its film of {width} x {height} has more than {MAX_PIXELS} pixels: choose a smaller --size.")
    return Description(scene.digest(setting.path), (width, height), integrator, mi.__version__)


def keyframes(setting: Setting) -> list[Keyframe]:
    """A short path near the scene's own camera, see `cameras.arc`. Raises SceneError."""
    description = describe(setting)
    try:
        from mcdenoise.rendering import cameras

        with _preview(setting, description.digest, description.size) as loaded:
            return cameras.arc(loaded)
    except SceneError:
        raise
    except Exception as error:  # as in `render`
        raise SceneError(reason(error)) from None


def render(job: Job) -> tuple[Frame, int]:
    """The job's frame with its attributes, and the number of pixels without finite radiance. Raises SceneError."""
    import mitsuba as mi
    import numpy as np

    setting = job.setting
    try:
        if mi.variant() != setting.variant:
            _set_variant(setting.variant)
        from mcdenoise.rendering import cameras, realization, scene
        from mcdenoise.rendering.seeds import base_seed, stream_index

        loaded = scene.load(setting.path, setting.size, setting.pixel_filter, job.digest)
        if loaded.size != job.size:
            raise SceneError(f"Mitsuba makes its film {loaded.size}, where its file says {job.size}: give a --size.")
        if job.camera is not None:
            if not cameras.movable(loaded):
                raise SceneError(f"a {loaded.sensor.class_name()} cannot be moved, only perspective and thinlens.")
            camera = np.array(job.camera)
        elif job.view == 0:
            camera = loaded.own_camera
        else:
            camera = _camera(setting, job.digest, job.view, loaded.size)
        cameras.point(loaded, camera)
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
        "features": loaded.features,
        "mitsubaVersion": mi.__version__,
        "split": setting.split,
        "fingerprint": job.fingerprint,
    }
    return frame, invalid


def write(job: Job, frame: Frame, clean: bool) -> None:
    """Write the job's file, whole or not at all. Raises FrameError.

    clean: remove first what killed processes of this machine left in the folder.
    """
    try:
        job.file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FrameError(f"{job.file.parent}: cannot be made: {error.strerror}.") from None
    if clean:
        remove_leftovers(job.file.parent)
    write_frame(job.file, frame)


def _set_variant(name: str) -> None:
    import mitsuba as mi

    # Dr.Jit counts how often Mitsuba's modules are made anew, which every change of variant does, and warns.
    warnings.filterwarnings("ignore", message=".*AST-transforming decorator", category=RuntimeWarning)
    mi.set_variant(name)


@functools.lru_cache(maxsize=2)
def _camera(setting: Setting, digest: str, view: int, size: tuple[int, int]) -> "np.ndarray":
    """A view's camera, tried in a scalar variant: nothing to compile, and the same cameras whatever variant renders."""
    from mcdenoise.rendering import cameras
    from mcdenoise.rendering.seeds import base_seed

    with _preview(setting, digest, size) as preview:
        return cameras.camera(preview, view, base_seed(setting.name, view, 0, setting.seed))


@contextlib.contextmanager
def _preview(setting: Setting, digest: str, size: tuple[int, int]) -> "Iterator[LoadedScene]":
    """The scene with a small film in a scalar variant, which is the current one for a while."""
    from mcdenoise.rendering import cameras, scene

    scale = cameras.PREVIEW_SIDE / max(size)
    small = tuple(max(1, round(side * scale)) for side in size)
    with warnings.catch_warnings(), scene.variant("scalar_rgb"):
        # Dr.Jit counts how often Mitsuba's modules are made anew, which every change of variant does, and warns.
        warnings.filterwarnings("ignore", message=".*AST-transforming decorator", category=RuntimeWarning)
        yield scene.load(setting.path, small, "box", digest)
