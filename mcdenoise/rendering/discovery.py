"""Finding scenes: Mitsuba XML files, folders of them, and folders that hold a `scene.xml`."""

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mcdenoise.errors import SceneError
from mcdenoise.rendering.reasons import one_line


@dataclass(frozen=True)
class SceneFile:
    """A scene on disk: its XML file, and the name under which its renders are kept."""

    path: Path
    name: str


def find_scenes(sources: Iterable[str | Path]) -> list[SceneFile]:
    """The scenes that `sources` name, sorted by path within each source.

    A file is a scene. A folder with `scene.xml` is that scene; another folder stands for its XML files whose root is
    <scene>, and for all such folders below it. A scene is called as its folder if its file is `scene.xml`, else as its
    file; where names collide, the folders above are put before them, or a number after.
    A scene that is reached in several ways, also by symbolic links, is one scene.
    Raises SceneError if a source does not exist or holds no scene, or if a scene's path is not UTF-8.
    """
    paths: list[Path] = []
    seen: set[Path] = set()
    for source in map(Path, sources):
        found = [source] if source.is_file() else sorted(_scenes_below(source, set())) if source.is_dir() else None
        if found is None:
            raise SceneError(one_line(f"{source}: no such file or folder."))
        if not found:
            what = "no Mitsuba scene in this folder (looked for scene.xml and *.xml with a <scene>)"
            raise SceneError(one_line(f"{source}: {what}."))
        for path in found:
            resolved = path.resolve()
            if resolved not in seen:
                _check_encoding(resolved)
                seen.add(resolved)
                paths.append(path)
    return [SceneFile(path, name) for path, name in zip(paths, _names(paths), strict=True)]


def split_of(path: Path) -> str:
    """`validation` if the scene says `<default name="split" value="validation"/>`, else `train`."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError):
        return "train"
    values = [node.get("value") for node in root.findall("default") if node.get("name") == "split"]
    return "validation" if values[:1] == ["validation"] else "train"


def _check_encoding(path: Path) -> None:
    """Raise SceneError if Mitsuba, which takes only UTF-8, cannot be told this path."""
    try:
        os.fsencode(path).decode()
    except UnicodeDecodeError:
        raise SceneError(f"{str(path)!r}: this path is not UTF-8, which Mitsuba needs: rename it.") from None


def _scenes_below(folder: Path, visited: set[Path]) -> list[Path]:
    """The scenes in a folder and below it. visited: the resolved folders to pass over, because links can form loops."""
    resolved = folder.resolve()
    if resolved in visited:
        return []
    visited.add(resolved)
    if (folder / "scene.xml").is_file():
        return [folder / "scene.xml"]
    scenes = [path for path in folder.glob("*.xml") if path.is_file() and _is_scene(path)]
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.name.startswith("."):
            scenes += _scenes_below(child, visited)
    return scenes


def _is_scene(path: Path) -> bool:
    try:
        for _, element in ElementTree.iterparse(path, events=("start",)):
            return element.tag == "scene"
    except (ElementTree.ParseError, OSError, ValueError):
        return True  # broken: to be named as a scene that fails, not passed over
    return False


def _names(paths: list[Path]) -> list[str]:
    parts = []
    for path in paths:
        absolute = path.resolve()
        own = absolute.parent.parts[1:] if absolute.name == "scene.xml" else (*absolute.parent.parts[1:], absolute.stem)
        parts.append(tuple(re.sub(r"[^\w.-]+", "_", part).lstrip(".") or "_" for part in own) or ("scene",))
    depth = [1] * len(parts)
    while True:
        names = ["-".join(own[-count:]) for own, count in zip(parts, depth, strict=True)]
        # `a.xml` beside `a/scene.xml` has the same parts, and no folder above tells them apart.
        rivals = [{other for other, called in zip(parts, names, strict=True) if called == name} for name in names]
        clashes = [i for i, own in enumerate(parts) if len(rivals[i]) > 1 and depth[i] < len(own)]
        if not clashes:
            return list(_numbered(names))
        for i in clashes:
            depth[i] += 1


def _numbered(names: list[str]) -> Iterator[str]:
    """The names, with -2, -3, ... after those that were there before."""
    taken: set[str] = set()
    for name in names:
        number, free = 1, name
        while free in taken or (number > 1 and free in names):
            number += 1
            free = f"{name}-{number}"
        taken.add(free)
        yield free
