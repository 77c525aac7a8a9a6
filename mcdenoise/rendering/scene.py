"""Loading a Mitsuba scene so that it gives radiance and features through a film of ours. Runs where Mitsuba runs."""

import contextlib
import gc
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np

from mcdenoise.errors import SceneError
from mcdenoise.rendering.features import AOVS, FIRST_HIT, SEEN, seen_features
from mcdenoise.rendering.reasons import reason
from mcdenoise.rendering.seeds import BLOCK
from mcdenoise.rendering.variants import cores

# With one processor Mitsuba has no thread beside the one that waits for an EXR's lines to be decoded, for ever.
_FEWEST_THREADS = 2

_SIZE_PROPERTIES = ("crop_offset_x", "crop_offset_y", "crop_width", "crop_height")


@dataclass(frozen=True, eq=False)
class LoadedScene:
    """A scene ready to render.

    integrator: the scene's own wrapped in `aov`: radiance, then the features of AOVS. None where that cannot be (the
    scene's own is no sampling integrator, as ptracer) or should not be: the JIT variants trace every path twice to fill
    ten channels, while two renders with one seed give the same bytes in half the time. Then `radiance_integrator` and
    `feature_integrator` run in turn.
    features: which ones they are: FIRST_HIT in the scalar variants, SEEN in the JIT variants.
    """

    scene: Any
    sensor: Any
    integrator: Any | None
    radiance_integrator: Any
    feature_integrator: Any | None
    features: str
    integrator_name: str
    size: tuple[int, int]
    own_camera: np.ndarray


@contextlib.contextmanager
def variant(name: str) -> Iterator[None]:
    """Mitsuba's variant, for a while."""
    before = mi.variant()
    mi.set_variant(name)
    try:
        yield
    finally:
        if before is not None:
            mi.set_variant(before)


def load(path: Path, size: tuple[int, int] | None, pixel_filter: str, digest: str) -> LoadedScene:
    """Load the scene at `path` in the current variant, or give it as it was loaded last.

    Its film is RGB float32, with the given pixel filter.
    size: (width, height) of the film, or None for the scene's own. pixel_filter: a Mitsuba reconstruction filter, or
    `scene` for the scene's own. digest: what the scene's files held (a changed scene is loaded anew). The first sensor
    is used, with an `independent` sampler: the one whose realizations are independent for certain.
    Raises SceneError with Mitsuba's reason if the scene cannot be loaded.
    """
    key = (path, size, pixel_filter, digest)
    last = _last.get(mi.variant())
    if last is not None and last[0] == key:
        return last[1]
    # Dr.Jit compiles the code of every object of a variant that is alive into every kernel: the last scene must go.
    last = None
    _last.pop(mi.variant(), None)
    gc.collect()
    loaded = _load(path, size, pixel_filter)
    _last[mi.variant()] = key, loaded
    return loaded


_last: dict[str, tuple[tuple[Any, ...], LoadedScene]] = {}
"""The scene that was loaded last, of each variant: the one that renders it, and the one that tries its cameras."""


def _load(path: Path, size: tuple[int, int] | None, pixel_filter: str) -> LoadedScene:
    if cores() < _FEWEST_THREADS:
        dr.set_thread_count(_FEWEST_THREADS)
    try:
        with _searching(path.resolve().parent):
            config, state = _parse(path)
            _set_film(state, size, pixel_filter)
            integrator_name = _unwrap_aov(state)
            mi.parser.transform_all(config, state)
            objects = mi.parser.instantiate(config, state)
        scene = objects[0] if isinstance(objects, list) else objects
    except SceneError:
        raise
    except Exception as error:  # Mitsuba raises RuntimeError and others; each is the scene's fault
        raise SceneError(reason(error)) from None
    if not isinstance(scene, mi.Scene):
        raise SceneError("the file does not describe a <scene>.")
    if not scene.sensors():
        raise SceneError("the scene has no sensor (camera).")
    sensor, own = scene.sensors()[0], scene.integrator()
    width, height = (int(value) for value in sensor.film().crop_size())
    wrapped = features = None
    scalar = mi.variant().startswith("scalar")
    if not scalar:
        features = seen_features(scene)
    elif isinstance(own, mi.SamplingIntegrator):
        wrapped = mi.load_dict({"type": "aov", "aovs": AOVS, "block_size": BLOCK, "radiance": own})
    else:
        features = mi.load_dict({"type": "aov", "aovs": AOVS, "block_size": BLOCK})
    camera = np.array(sensor.world_transform().matrix, dtype=np.float64).reshape(-1)[-16:].reshape(4, 4)
    kind = FIRST_HIT if scalar else SEEN
    return LoadedScene(scene, sensor, wrapped, own, features, kind, integrator_name, (width, height), camera)


def digest(path: Path) -> str:
    """A hash of all that the scene says: its XML as parsed, and the contents of every file that it names.

    Raises SceneError if it cannot be parsed.
    """
    try:
        with _searching(path.resolve().parent):
            _, state = _parse(path)
    except Exception as error:
        raise SceneError(reason(error)) from None
    hasher = hashlib.blake2b(digest_size=16)
    for file in sorted(str(name) for name in state.files):
        _add_file(hasher, Path(file))
    for node in state.nodes:
        for key, value in node.props.items():
            if isinstance(value, str) and key.endswith("filename"):
                _add_file(hasher, Path(value) if Path(value).is_absolute() else path.parent / value)
    return hasher.hexdigest()


def outline(path: Path) -> tuple[tuple[int, int], str]:
    """What the scene's XML says of its frames without loading it: (width, height) of the first sensor's film, and the
    plugin name of the integrator, within `aov` if it is wrapped. Raises SceneError as `load` does for the same faults.
    """
    try:
        with _searching(path.resolve().parent):
            _, state = _parse(path)
    except Exception as error:
        raise SceneError(reason(error)) from None
    if state.root.type != mi.ObjectType.Scene:
        raise SceneError("the file does not describe a <scene>.")
    integrator_name = _unwrap_aov(state)
    sensor = _child(state, state.root.props, mi.ObjectType.Sensor)
    if sensor is None:
        raise SceneError("the scene has no sensor (camera).")
    film = _child(state, sensor, mi.ObjectType.Film)
    sides = []
    for side, default in (("width", 768), ("height", 576)):  # Mitsuba's own
        said = [film[key] for key in (f"crop_{side}", side) if film is not None and key in film]
        sides.append(int(said[0]) if said else default)
    return (sides[0], sides[1]), integrator_name


@contextlib.contextmanager
def _searching(folder: Path) -> Iterator[None]:
    """Let Mitsuba look for files in `folder` first, for a while: another scene must not find this one's files."""
    resolver = mi.file_resolver() if hasattr(mi, "file_resolver") else mi.Thread.thread().file_resolver()
    before = [str(known) for known in resolver]
    resolver.prepend(str(folder))
    try:
        yield
    finally:
        resolver.clear()
        for known in before:
            resolver.append(known)


def _parse(path: Path) -> tuple[Any, Any]:
    config = mi.parser.ParserConfig(mi.variant())
    # Merged meshes come in the order of their addresses in memory, and emitters with them: every process would draw
    # other emitters with the same random numbers. Apart they render as fast.
    config.merge_meshes = False
    return config, mi.parser.parse_file(config, str(path))


def _set_film(state: Any, size: tuple[int, int] | None, pixel_filter: str) -> None:
    """Give every sensor a film and an independent sampler, and every film RGB float32 pixels and the filter."""
    for index in range(len(state.nodes)):
        if state.nodes[index].type == mi.ObjectType.Sensor and not _has_film(state, state.nodes[index].props):
            _add(state, index, "film", mi.ObjectType.Film, "hdrfilm")
    for index in range(len(state.nodes)):
        node = state.nodes[index]
        if node.type == mi.ObjectType.Sampler:
            _make(node.props, "independent")
        if node.type != mi.ObjectType.Film:
            continue
        film = node.props
        film.set_plugin_name("hdrfilm")
        keep = {"width", "height", *_SIZE_PROPERTIES}
        for key in list(film.keys()):
            reference = film.type(key) in (mi.Properties.Type.ResolvedReference, mi.Properties.Type.Reference)
            if not reference and (key not in keep or (size and key in _SIZE_PROPERTIES)):
                del film[key]
        film["pixel_format"] = "rgb"
        film["component_format"] = "float32"
        if size:
            film["width"], film["height"] = size
        if pixel_filter != "scene":
            _set_filter(state, index, pixel_filter)


def _set_filter(state: Any, index: int, pixel_filter: str) -> None:
    film = state.nodes[index].props
    for key in list(film.keys()):
        if film.type(key) == mi.Properties.Type.ResolvedReference:
            child = state.nodes[film[key].index()]
            if child.type == mi.ObjectType.ReconstructionFilter:
                _make(child.props, pixel_filter)
                return
    _add(state, index, "rfilter", mi.ObjectType.ReconstructionFilter, pixel_filter)


def _has_film(state: Any, sensor: Any) -> bool:
    references = [key for key in sensor.keys() if sensor.type(key) == mi.Properties.Type.ResolvedReference]  # noqa: SIM118
    return any(state.nodes[sensor[key].index()].type == mi.ObjectType.Film for key in references)


def _child(state: Any, parent: Any, kind: Any) -> Any | None:
    """The properties of the first node of `kind` that `parent` (a node's properties) refers to, or None."""
    for key in parent.keys():  # noqa: SIM118 (Mitsuba's Properties is no dict)
        if parent.type(key) == mi.Properties.Type.ResolvedReference:
            node = state.nodes[parent[key].index()]
            if node.type == kind:
                return node.props
    return None


def _add(state: Any, parent: int, key: str, kind: Any, plugin: str) -> None:
    """Give the node number `parent` a new child, a `plugin` with its default properties."""
    node = mi.parser.SceneNode()
    node.type = kind
    node.props = mi.Properties(plugin)
    state.nodes.append(node)  # this moves the nodes in memory: references to them are void from here on
    state.nodes[parent].props[key] = mi.Properties.ResolvedReference(len(state.nodes) - 1)


def _make(props: Any, plugin: str) -> None:
    """Turn a node into `plugin` with its default properties."""
    props.set_plugin_name(plugin)
    for key in list(props.keys()):
        del props[key]


def _unwrap_aov(state: Any) -> str:
    """Replace the scene's own `aov` integrator by what it wraps; returns the plugin name of the one that remains."""
    root = state.root.props
    for key in list(root.keys()):
        if root.type(key) != mi.Properties.Type.ResolvedReference:
            continue
        node = state.nodes[root[key].index()]
        if node.type != mi.ObjectType.Integrator:
            continue
        while node.props.plugin_name() == "aov":
            nested = [
                node.props[inner].index()
                for inner in node.props.keys()  # noqa: SIM118 (Mitsuba's Properties is no dict)
                if node.props.type(inner) == mi.Properties.Type.ResolvedReference
            ]
            if not nested:
                raise SceneError("its aov integrator wraps no integrator, so there is no radiance to render.")
            root[key] = mi.Properties.ResolvedReference(nested[0])
            node = state.nodes[nested[0]]
        return node.props.plugin_name()
    raise SceneError("the scene has no integrator.")


def _add_file(hasher: Any, path: Path) -> None:
    hasher.update(path.name.encode() + b"\0")
    if path.is_file():
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                hasher.update(chunk)
