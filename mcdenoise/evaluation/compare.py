"""Several denoisers on the same frames, measured alike: one view at a time, so that memory does not grow with views."""

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from mcdenoise.data.views import View, find_views
from mcdenoise.errors import DataError, FrameError, ModelError
from mcdenoise.evaluation.scores import Scored, estimate_weight, score
from mcdenoise.exr import read_frame
from mcdenoise.frame import Frame, mean_frame
from mcdenoise.inference.candidates import OIDN_MODES, candidates
from mcdenoise.inference.combine import combine
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.inference.repair import finite_radiance
from mcdenoise.tonemap import exposure

NOISY = "noisy"
REFERENCE = "reference"
_STACKED = "stacked"
_AND_INPUT = " + input"
_SPP_IN_NAME = re.compile(r"(?<![0-9])0*([1-9][0-9]{0,6})spp|spp0*([1-9][0-9]{0,6})(?![0-9])", re.IGNORECASE)
_LABELS = dict(zip(OIDN_MODES, ("OIDN colour", "OIDN", "OIDN prefiltered"), strict=True))
_TAKEN = {NOISY, REFERENCE, _STACKED, *_LABELS.values()}


@dataclass(frozen=True)
class Method:
    """Something that makes a picture `[H, W, 3]` of the frames that it is given, whose mean is `whole`."""

    name: str
    run: Callable[[Frame, Sequence[Frame]], np.ndarray]
    needs_several: bool = False


@dataclass(frozen=True)
class ViewResult:
    """What came of one view.

    spp: of the input, all its frames together. exposure: what brings the pictures to middle grey; scores are of such.
    scored, seconds: by method. images: the pictures themselves, in their own units, and `reference` where there is one.
    note: what had to be mended, or None.
    """

    scene: str
    view: str
    spp: int
    exposure: float
    scored: dict[str, Scored]
    seconds: dict[str, float]
    images: dict[str, np.ndarray] = field(repr=False)
    note: str | None = None


@dataclass(frozen=True)
class ViewFailed:
    """A view that could not be measured, and why."""

    folder: Path
    reason: str


@dataclass(frozen=True)
class Plan:
    """What will be done. inputs: how many realizations of a view are denoised together. notes: what is not as asked."""

    views: list[View]
    methods: list[Method]
    inputs: int
    notes: list[str]


def methods(models: Sequence[str], against_oidn: bool, device: str = "auto") -> list[Method]:
    """The noisy input, every model, OIDN in its modes, each model's dual-buffer combination, and all stacked.

    models: names of models that ship, or model files. Raises ModelError.
    """
    found = {}
    for model in models:
        name = _short(model, [other for other in models if other != model])
        if name in found:
            raise ModelError(f"the model {model} is named twice.", misuse=True)
        found[name] = Denoiser(model, device).denoise
    ours = list(found)
    if against_oidn:
        found |= {_LABELS[name]: denoise for name, denoise in candidates(OIDN_MODES, None).items()}
    result = [Method(NOISY, lambda whole, frames: whole.radiance)]
    for name, denoise in found.items():
        result.append(Method(name, lambda whole, frames, d=denoise: d(whole.radiance, whole.albedo, whole.normal)))
    for name in ours:
        one = [found[name]]
        result.append(Method(f"{name}{_AND_INPUT}", lambda whole, frames, d=one: combine(frames, d).radiance, True))
    if len(found) > 1:
        every = list(found.values())
        result.append(Method(_STACKED, lambda whole, frames: combine(frames, every).radiance, True))
    return result


def plan(
    renders: Sequence[Path], chosen: Sequence[Method], inputs: int | None, wanted: Sequence[str] | None = None
) -> Plan:
    """Find the views below the folders `renders`, and settle how many realizations are denoised together.

    inputs: None takes two where every view has them to spare, for combinations need two: with a reference both may go
    in, without one two others must remain. wanted: names of metrics, of which some must be possible; None for any.
    Raises DataError.
    """
    found = [view for folder in renders for view in find_views(folder)]
    shared = _shared_references(found)
    spare = {view.folder: len(view.realizations) - (0 if _references(view, shared) else 2) for view in found}
    views = [view for view in found if spare[view.folder] >= 1]
    if not views:
        raise DataError(
            f"{', '.join(map(str, renders))}: nothing can be measured: a view needs references (mcdenoise render "
            "--reference-spp), or at least three realizations, of which two tell the error of what is made of others."
        )
    estimates = any(view.independent and len(view.realizations) > 2 for view in views)
    referenced = any(_references(view, shared) for view in views)
    if wanted is not None and not any(estimates if name.endswith("est.") else referenced for name in wanted):
        missing = "references" if not referenced else "other realizations"
        raise DataError(f"{', '.join(wanted)}: no view has {missing} to measure that by.")
    notes = []
    if len(views) < len(found):
        notes.append(f"{len(found) - len(views)} view(s) left out: no references, and fewer than three frames.")
    most = min(spare[view.folder] for view in views)
    if inputs is None:
        inputs = 2 if most >= 2 and any(method.needs_several for method in chosen) else 1
    elif inputs > most:
        raise DataError(
            f"with {inputs} realizations as input at least one view cannot be measured: without a reference two others "
            f"must remain, so at most {most} here.",
            misuse=True,
        )
    kept = [method for method in chosen if inputs >= 2 or not method.needs_several]
    if len(kept) < len(chosen):
        names = ", ".join(method.name for method in chosen if method not in kept)
        notes.append(f"left out, for they need two realizations as input: {names}.")
    return Plan(views, kept, inputs, notes)


def evaluate(todo: Plan, wanted: Sequence[str], repeats: int = 1) -> Iterator[ViewResult | ViewFailed]:
    """Denoise and measure view after view.

    wanted: names of metrics. repeats: how many times, with other realizations as input, where there are enough; the
    results are of one view each time. The first picture of each method is made twice, and only the second is timed.
    """
    shared = _shared_references(todo.views)
    warm: set[str] = set()
    for view in todo.views:
        count = max(1, min(repeats, len(view.realizations) // todo.inputs))
        for repeat in range(count):
            try:
                yield _one(view, _references(view, shared), todo, wanted, repeat, warm)
            except (FrameError, DataError, ValueError) as error:
                yield ViewFailed(view.folder, str(error))


def _one(
    view: View,
    references: tuple[Path, ...],
    todo: Plan,
    wanted: Sequence[str],
    repeat: int,
    warm: set[str],
) -> ViewResult:
    scene, camera = _names(view)
    order = np.roll(np.arange(len(view.realizations)), -repeat * todo.inputs)
    frames = [read_frame(view.realizations[i]) for i in order[: todo.inputs]]
    notes: list[str] = []
    frames = [replace(frame, radiance=_mended(frame.radiance, "input", notes)) for frame in frames]
    halves = [_mended(read_frame(path).radiance, path.name, notes) for path in references]
    left = order[todo.inputs :] if view.independent else ()
    others = [_mended(read_frame(view.realizations[i]).radiance, view.realizations[i].name, notes) for i in left]
    if not halves and len(others) < 2:
        raise DataError(f"{view.folder}: without a reference at least {todo.inputs + 2} realizations are needed.")
    whole = mean_frame(frames)
    images, seconds = {}, {}
    for method in todo.methods:
        if method.name not in warm:
            method.run(whole, frames)
            warm.add(method.name)
        started = time.perf_counter()
        images[method.name] = method.run(whole, frames)
        seconds[method.name] = time.perf_counter() - started
    seconds[NOISY] = 0.0
    if halves:
        images[REFERENCE] = np.mean(halves, axis=0, dtype=np.float64).astype(np.float32)
    grey = images[REFERENCE] if halves else np.mean([frame.radiance for frame in frames], axis=0)
    scale = exposure(grey)
    halves, others = [half * scale for half in halves], [other * scale for other in others]
    weight = None
    if len(others) >= 2:
        weight = estimate_weight([image * scale for name, image in images.items() if name != REFERENCE], others)
    scored = {
        name: score(image * scale, halves, others, weight, wanted)
        for name, image in images.items()
        if name != REFERENCE
    }
    spp = _spp(whole, view, len(frames))
    return ViewResult(scene, camera, spp, scale, scored, seconds, images, "; ".join(notes) or None)


def _names(view: View) -> tuple[str, str]:
    return view.folder.parent.name, view.folder.name


def _spp(whole: Frame, view: View, frames: int) -> int:
    """Samples per pixel of the input: as the headers say, else as a folder above says (`spp8`, `8spp`), else 0."""
    stated = whole.attributes.get("spp")
    if isinstance(stated, int | float) and math.isfinite(stated) and stated > 0:
        return round(stated)
    for name in reversed(view.folder.parts):
        match = _SPP_IN_NAME.search(name)
        if match:
            return int(match[1] or match[2]) * frames
    return 0


def _identity(view: View) -> tuple:
    return (*_names(view), view.size)


def _mended(radiance: np.ndarray, name: str, notes: list[str]) -> np.ndarray:
    """With finite pixels, as `apply` takes it; what had to be mended is noted."""
    broken = ~np.isfinite(radiance).all(axis=2)
    if not broken.any():
        return radiance
    notes.append(f"{int(broken.sum())} pixels of {name} are not finite and take their neighbours' median")
    mended = finite_radiance(torch.from_numpy(np.ascontiguousarray(radiance))).numpy()
    return np.where(broken[..., None], mended, radiance)


def _references(view: View, shared: Mapping[tuple, tuple[Path, ...]]) -> tuple[Path, ...]:
    """The view's own, or else those of the same scene, camera and size in another folder."""
    return view.references or shared.get(_identity(view), ())


def _shared_references(views: Sequence[View]) -> dict[tuple, tuple[Path, ...]]:
    """References by scene, camera and size: one render of them serves folders with other spp that have none."""
    found: dict[tuple, tuple[Path, ...]] = {}
    for view in views:
        if len(view.references) > len(found.get(_identity(view), ())):
            found[_identity(view)] = view.references
    return found


def _short(model: str, others: Sequence[str]) -> str:
    """A name for tables: of a model that ships, of a run's folder, or the whole path where that is not enough."""
    path = Path(model)
    if path.suffix not in (".safetensors", ".tza"):
        return model
    name = path.parent.name if path.stem == "model" and path.parent.name else path.stem
    alike = [other for other in map(Path, others) if name in (other.stem, other.parent.name)]
    return model if alike or name in _TAKEN or name.endswith(_AND_INPUT) else name
