"""Making many random scenes: each from its seed and number alone, in processes of their own."""

import json
import os
import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from mcdenoise import __version__
from mcdenoise.errors import SceneError
from mcdenoise.module_command import safe_path
from mcdenoise.random_scenes.composition import Composition, Viewpoint
from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.meshes import Mesh
from mcdenoise.random_scenes.parts import Part, Picture, Plugin, Rgb, choose, plugins_in
from mcdenoise.rendering.discovery import split_of
from mcdenoise.rendering.reasons import one_line

KINDS = {"interior": 0.5, "outdoor": 0.18, "product": 0.32}
"""What is made, and how often."""

ONLY = (*KINDS, "surroundings")
"""What can be asked for alone: the last are product shots in surroundings, which are among those of `product`."""

SIZES = {(384, 288): 0.35, (408, 272): 0.25, (448, 252): 0.2, (328, 328): 0.1, (272, 408): 0.1}
"""Films in pixels, and how often."""

_COLOURED = 0.12  # of the scenes have lights of strong colours
_COMPOSITIONS = 8
_VIEWPOINTS = 8
_GOOD_VIEWS = 2


@dataclass(frozen=True)
class SceneMade:
    """A scene lies in its folder. kept: it was there already."""

    folder: Path
    kept: bool


@dataclass(frozen=True)
class SceneRejected:
    """No good scene came of this number: `reason` in one sentence."""

    number: int
    reason: str


Event = SceneMade | SceneRejected


def generate(
    out: str | os.PathLike,
    count: int,
    seed: int = 0,
    first: int = 0,
    split: str = "train",
    workers: int | None = None,
    kind: str | None = None,
) -> Iterator[Event]:
    """Make scenes number `first` to `first + count - 1` of `seed` in `out/random-<seed>-<number>/`, as they get ready.

    Scene number i depends on the seed, i and `kind` alone, so more can be added later, and on any machine. Scenes that
    are there already are kept. kind: of `ONLY`, for scenes of that kind alone, in `random-<kind>-<seed>-<number>`.
    split: `train`, or `validation` for scenes that are never trained on. workers: processes, by default one a core.
    Raises SceneError if a folder of that name holds something else or a scene of the other split, or if `out` cannot be
    written.
    """
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SceneError(f"{out}: cannot be made: {error.strerror}.") from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise SceneError(f"{out}: cannot be written.")
    missing = []
    for number in range(first, first + count):
        folder = _folder(out, seed, number, kind)
        if (folder / "about.json").is_file() and (folder / "scene.xml").is_file():
            there = split_of(folder / "scene.xml")
            if there != split:
                raise SceneError(f"{folder}: is there already, for {there}: choose another folder for {split}.")
            yield SceneMade(folder, kept=True)
        elif folder.exists():
            raise SceneError(f"{folder}: is no scene made here: choose another folder, or delete it.")
        else:
            missing.append(number)
    workers = min(workers or len(os.sched_getaffinity(0)), max(1, len(missing)))
    while missing:
        for number, event in _made(out, seed, missing, split, workers, kind):
            missing.remove(number)
            yield event


def _made(
    out: Path, seed: int, numbers: list[int], split: str, workers: int, kind: str | None
) -> Iterator[tuple[int, Event]]:
    """Make scenes in worker processes; returns early, with the rest undone, if one of them took its process down."""
    with safe_path():
        pool = ProcessPoolExecutor(workers, get_context("spawn"))
    try:
        with safe_path():
            waiting = {pool.submit(make, out, seed, number, split, kind): number for number in numbers}
        for done in as_completed(waiting):
            number = waiting[done]
            event = _event(done, number)
            if event is None:
                # Which of those at work did it is not known: each of them is tried once more, alone.
                broken = [other for future, other in waiting.items() if not future.done() or _died(future)]
                for suspect in broken[: workers + 1]:
                    yield suspect, _alone(out, seed, suspect, split, kind)
                return
            yield number, event
    finally:
        for process in (pool._processes or {}).values():
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        for left in out.glob(f".random-*{_mark(os.getpid())}"):
            shutil.rmtree(left, ignore_errors=True)


def _event(done: Future[Event], number: int) -> Event | None:
    """What came of a scene, whatever went wrong with it; None if its process died."""
    try:
        return done.result()
    except BrokenProcessPool:
        return None
    except SceneError as error:
        return SceneRejected(number, str(error))
    except Exception as error:  # one scene must not cost the others
        return SceneRejected(number, one_line(f"scene {number} failed: {type(error).__name__}: {error}."))


def _died(future: Future[Event]) -> bool:
    return isinstance(future.exception(), BrokenProcessPool)


def _mark(process: int) -> str:
    """The ending of folders that `process` of this machine, and its workers, have in work."""
    return f".{socket.gethostname()}-{process}.tmp"


def _alone(out: Path, seed: int, number: int, split: str, kind: str | None) -> Event:
    with safe_path(), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        event = _event(pool.submit(make, out, seed, number, split, kind), number)
    return event or SceneRejected(number, f"scene {number}: Mitsuba crashed on it, or ran out of memory.")


def make(out: Path, seed: int, number: int, split: str, only: str | None = None) -> SceneMade:
    """Make one scene, of the kind `only` or of any. Raises SceneError if _COMPOSITIONS tries give no good view."""
    from mcdenoise.random_scenes import judge

    folder = _folder(out, seed, number, only)
    work = folder.with_name(f".{folder.name}{_mark(os.getppid())}")
    faults = []
    for attempt in range(_COMPOSITIONS):
        shutil.rmtree(work, ignore_errors=True)
        # Those of one kind are other scenes than the mix's: else a training scene could be a validation scene's twin.
        rng = np.random.default_rng([seed, number, attempt, *([] if only is None else [1 + ONLY.index(only)])])
        kind = choose(rng, KINDS if only is None else {only: 1.0})
        composition = _compose(kind, rng)
        if rng.uniform() < _COLOURED:
            composition = coloured(composition, rng)
        size = choose(rng, SIZES)
        depth = int(rng.integers(8, 17))
        if not composition.cameras:
            faults.append("has nothing to see, or no free place for a camera")
            continue
        try:
            _write(work, composition, composition.cameras[0], size, depth, 1.0, "", split)
            verdict = judge.best_view(work / "scene.xml", composition.cameras, size, _VIEWPOINTS, _GOOD_VIEWS)
            if verdict.fault:
                faults.append(verdict.fault)
                continue
            # Three digits: what machines differ in must not make another scene.
            brightness = float(f"{verdict.exposure * 2 ** rng.uniform(-0.7, 0.7):.3g}")
            comment = f"Random scene {number} of seed {seed}: {composition.name}.\n" + _wrapped(composition.elements)
            _write(work, composition, verdict.viewpoint, size, depth, brightness, comment, split)
            _describe(work / "about.json", kind, composition, verdict.viewpoint, attempt)
            if not (folder / "about.json").is_file():  # another run may have been faster, with the same bytes
                work.replace(folder)
        except OSError as error:
            raise SceneError(f"{folder}: cannot be written: {error.strerror or error}.") from None
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return SceneMade(folder, kept=False)
    raise SceneError(f"scene {number} of seed {seed} gave no good view in {_COMPOSITIONS} tries ({', '.join(faults)}).")


def _compose(kind: str, rng: np.random.Generator) -> Composition:
    from mcdenoise.random_scenes import outdoors, products, rooms

    makers = {"interior": rooms.interior, "outdoor": outdoors.outdoor, "product": products.product_shot}
    return (makers | {"surroundings": products.in_surroundings})[kind](rng)


def _folder(out: Path, seed: int, number: int, kind: str | None) -> Path:
    return out / "-".join(("random", *((kind,) if kind else ()), str(seed), f"{number:05d}"))


def _write(
    folder: Path,
    composition: Composition,
    viewpoint: Viewpoint,
    size: tuple[int, int],
    depth: int,
    brightness: float,
    comment: str,
    split: str,
) -> None:
    from mcdenoise.random_scenes.judge import camera_matrix

    media = composition.medium is not None or any(part.interior is not None for part in composition.parts)
    film = {"type": "hdrfilm", "width": size[0], "height": size[1], "rfilter": {"type": "box"}}
    sensor: Plugin = {
        "type": "thinlens" if viewpoint.aperture_radius > 0 else "perspective",
        "fov": float(viewpoint.fov_degrees),
        "fov_axis": "larger",
        "to_world": camera_matrix(viewpoint),
        "film": film,
        "sampler": {"type": "independent", "sample_count": 64},
    }
    if viewpoint.aperture_radius > 0:
        sensor |= {
            "aperture_radius": float(viewpoint.aperture_radius),
            "focus_distance": float(viewpoint.focus_distance),
        }
    if composition.medium is not None:
        sensor["medium"] = composition.medium
    plugins = {"integrator": {"type": "volpath" if media else "path", "max_depth": depth}, "camera": sensor}
    plugins |= {name: brightened(emitter, brightness) for name, emitter in composition.emitters.items()}
    parts = [
        part if part.emitter is None else replace(part, emitter=brightened(part.emitter, brightness))
        for part in composition.parts
    ]
    write_scene(folder, plugins, parts, comment, split, composition.medium)


def coloured(composition: Composition, rng: np.random.Generator) -> Composition:
    """The composition with a strong colour of its own for each of its lamps, as on a stage; sky and surroundings stay.

    The two weaker channels have 2 to 60 % of the strongest, and the mean of the channels is kept: noise then comes in
    colours.
    """
    tints: dict[int, Rgb] = {}

    def tinted(emitter: Plugin) -> Plugin:
        if id(emitter) not in tints:
            weights = rng.permutation([1.0, rng.uniform(0.02, 0.6), rng.uniform(0.02, 0.6)])
            tints[id(emitter)] = Rgb(*map(float, np.round(weights / weights.mean(), 4)))
        return _scaled(emitter, np.array(tints[id(emitter)]))

    parts = tuple(
        part if part.emitter is None else replace(part, emitter=tinted(part.emitter)) for part in composition.parts
    )
    stays = ("sky", "surroundings")
    emitters = {name: each if name in stays else tinted(each) for name, each in composition.emitters.items()}
    if not tints:
        return composition
    return replace(composition, parts=parts, emitters=emitters, elements=(*composition.elements, "coloured lights"))


def brightened(emitter: Plugin, factor: float) -> Plugin:
    """An emitter with its light times `factor`."""
    found = _scaled(emitter, np.full(3, factor))
    if found["type"] == "sunsky":
        found["sky_scale"], found["sun_scale"] = (found.get(key, 1.0) * factor for key in ("sky_scale", "sun_scale"))
    if found["type"] == "envmap":
        found["scale"] = found.get("scale", 1.0) * factor
    return found


def _scaled(emitter: Plugin, factors: np.ndarray) -> Plugin:
    """An emitter with its radiance, intensity or irradiance, where it says one, times `factors` `[3]`."""
    found = dict(emitter)
    for key in ("radiance", "intensity", "irradiance"):
        if isinstance(found.get(key), Rgb):
            found[key] = Rgb(*(float(value * factor) for value, factor in zip(found[key], factors, strict=True)))
        elif isinstance(found.get(key), dict):
            texture = dict(found[key])
            picture = texture["picture"]
            texture["picture"] = replace(picture, pixels=picture.pixels * factors)
            found[key] = texture
    return found


def _describe(path: Path, kind: str, composition: Composition, viewpoint: Viewpoint, attempt: int) -> None:
    """What the scene holds, for the table of how often each thing occurs."""
    bsdfs, textures = Counter(), Counter()
    for plugin in {id(part.bsdf): part.bsdf for part in composition.parts}.values():
        for nested in plugins_in(plugin):
            picture = nested.get("picture")
            if isinstance(picture, Picture):
                textures[picture.name or "other"] += 1
            elif nested["type"] != "bitmap":
                bsdfs[nested["type"]] += 1
    effects = []
    if viewpoint.aperture_radius > 0:
        effects.append("depth of field")
    if composition.medium is not None:
        effects.append("fog")
    if any(part.interior is not None and part.interior is not composition.medium for part in composition.parts):
        effects.append("subsurface or liquid medium")
    about = {
        "version": __version__,
        "kind": kind,
        "composition": composition.name,
        "elements": dict(sorted(Counter(composition.elements).items())),
        "bsdfs": dict(sorted(bsdfs.items())),
        "textures": dict(sorted(textures.items())),
        "effects": effects,
        "shapes": len(composition.parts),
        "triangles": sum(_triangles(part) for part in composition.parts),
        "emitters": len(composition.emitters) + sum(part.emitter is not None for part in composition.parts),
        "attempt": attempt,
    }
    path.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _triangles(part: Part) -> int:
    return len(part.shape.faces) if isinstance(part.shape, Mesh) else 0


def _wrapped(elements: tuple[str, ...]) -> str:
    counted = [f"{count} x {name}" if count > 1 else name for name, count in sorted(Counter(elements).items())]
    lines, line = [], " "
    for item in counted:
        if len(line) + len(item) > 110:
            lines.append(line)
            line = " "
        line += f" {item},"
    return "\n".join([*lines, line.rstrip(",")])
