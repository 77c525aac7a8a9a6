"""Where an EXR file keeps its view layers: radiance and features by the names of channels and parts."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import OpenEXR

from mcdenoise.errors import FrameError

# Names of a feature's channels, most specific first; {layer} is the prefix of the radiance channels' view layer.
_NAMES_OF_RADIANCE = ("rgb", "rgba", "beauty", "combined", "color", "colour", "radiance")
_NAMES_OF_FEATURES = ("albedo", "normal", "depth", "position", "motion", "vector", "variance")
_COMPOSITE, _UNKNOWN, _FEATURE = 1, 2, 3  # how unlikely radiance is in parts that are named after that
_ALBEDO = ("albedo.{rgb}", "Albedo.{rgb}", "{layer}.Denoising Albedo.{rgb}")
_NORMAL = (
    "normal.{xyz}",
    "Ns.{xyz}",
    "N.{xyz}",
    "{layer}.Denoising Normal.{xyz}",
    "{layer}.Normal.{xyz}",
    "normal.{rgb}",
)
_DEPTH = ("depth.T", "depth.Z", "{layer}.Denoising Depth.Z", "{layer}.Depth.Z", "Z", "z")
_PLAIN = ("R", "G", "B")

Place = tuple[int, tuple[str, ...]]
"""Channels of one part: its index, and their names."""


@dataclass(frozen=True)
class Layers:
    """Where a view layer's radiance is, and its features, if they are there and as large."""

    radiance: Place
    albedo: Place | None
    normal: Place | None
    depth: Place | None


def view_layers(file: OpenEXR.File, path: str | os.PathLike) -> dict[str, Layers]:
    """Where the file keeps each of its view layers, by name; the first is the one that most likely is meant.

    path: for messages. Raises FrameError if there is no radiance, or none in every pixel.
    """
    search = _Search(file)
    if not search.radiance:
        wanted, found = (
            "R, G, B or <view layer>.Combined.R",
            listed(name for part in file.parts for name in part.channels),
        )
        raise FrameError(f"{path}: no radiance found: looked for channels {wanted}, found {found or 'none'}.")
    result = {}
    for layer, place in search.radiance.items():
        if search.fits(place, place[0]):
            kinds = ((_ALBEDO, 3), (_NORMAL, 3), (_DEPTH, 1))
            result[layer] = Layers(place, *(search.feature(layer, *kind) for kind in kinds))
        elif layer == search.first:
            shown = f"{path}: channel {shown_name(place[1][0])} or one beside it"
            raise FrameError(f"{shown} is subsampled, and radiance is needed in every pixel.")
    return result


class _Search:
    """Finds channels in a file by their names. radiance: its places by view layer, the likeliest first."""

    def __init__(self, file: OpenEXR.File):
        self._file = file
        names = [(index, name) for index, part in enumerate(file.parts) for name in part.channels]
        self._places: dict[
            str, tuple[int, str]
        ] = {}  # a channel is known by its name, and by its part's name before it
        for index, name in names:
            self._places.setdefault(name, (index, name))
        for index, name in names:
            self._places.setdefault(f"{self._part(index)}.{name}", (index, name))
        self.radiance = self._radiance()

    @property
    def first(self) -> str:
        return next(iter(self.radiance))

    def feature(self, layer: str, patterns: tuple[str, ...], letters: int) -> Place | None:
        """Those with its name, else those without one: in a part that it has for itself, and the first anywhere."""
        home = self.radiance[layer][0]
        alone = sum(place[0] == home for place in self.radiance.values()) == 1
        ways = [True] if layer or self.radiance[layer][1] != _PLAIN else []
        for named in (*ways, False):
            for pattern in [pattern for pattern in patterns if ("{layer}" in pattern) == named]:
                triples = zip("RGB", "XYZ", strict=True)
                group = tuple(pattern.format(layer=layer, rgb=rgb, xyz=xyz) for rgb, xyz in triples)[:letters]
                found = self._present(group, home)
                if not found or not (named or layer == self.first or (alone and found[0] == home)):
                    continue
                if group == ("Z",) and "X" in self._file.parts[found[0]].channels:  # a component of a vector
                    continue
                if self.fits(found, home):
                    return found
        return None

    def fits(self, place: Place, home: int) -> bool:
        """Whether there is a value for every pixel of the part `home`."""
        part, window = self._file.parts[place[0]], self._file.parts[home].header["dataWindow"]
        size = window_size(part.header)[::-1]
        here = np.array_equal(part.header["dataWindow"], window)
        return here and all(part.channels[name].pixels.shape == size for name in place[1])

    def _radiance(self) -> dict[str, Place]:
        found: dict[str, Place] = {}
        for layer in [name.removesuffix(".Combined.R") for name in self._places if name.endswith(".Combined.R")]:
            place = self._present(tuple(f"{layer}.Combined.{channel}" for channel in "RGB"))
            if place is not None and place not in found.values():
                found[layer] = place
        others = {layer: place for layer, place in found.items() if layer.casefold() != "composite"}
        found = others or found  # a compositor made the composite of the others
        plain = [index for index, part in enumerate(self._file.parts) if set(_PLAIN) <= part.channels.keys()]
        # Of those as likely the first.
        likely = min(plain, key=lambda index: _unlikeliness(self._part(index)), default=None)
        if likely is None or (found and _unlikeliness(self._part(likely)) in (_COMPOSITE, _FEATURE)):
            return found
        here = likely, _PLAIN
        layer = next((name for name, place in found.items() if place == here), "")
        return {layer: here} | {name: place for name, place in found.items() if name != layer}

    def _present(self, group: tuple[str, ...], home: int | None = None) -> Place | None:
        """Where these channels are, all in one part; in the part `home` before others."""
        if home is not None and all(name in self._file.parts[home].channels for name in group):
            return home, group
        found = [self._places[name] for name in group if name in self._places]
        if len(found) < len(group) or len({index for index, _ in found}) > 1:
            return None
        return found[0][0], tuple(name for _, name in found)

    def _part(self, index: int) -> str:
        return str(self._file.parts[index].header.get("name", ""))


def listed(names: Iterable[str]) -> str:
    """Names from a file for a message, the first eight of them."""
    shown = [shown_name(name) or '""' for name in names]
    return ", ".join(shown[:8]) + (f" and {len(shown) - 8} more" if len(shown) > 8 else "")


def shown_name(name: str) -> str:
    """A name from a file for a message: control characters written out, and not too long."""
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in name)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def window_size(header: Mapping[str, Any]) -> tuple[int, int]:
    """(width, height) of the data window."""
    low, high = header["dataWindow"]
    return int(high[0]) - int(low[0]) + 1, int(high[1]) - int(low[1]) + 1


def _unlikeliness(part: str) -> int:
    """How unlikely it is by a part's name that its R, G, B are radiance: any part of a file may have such channels."""
    layer, _, last = part.casefold().rpartition(".")
    if last in _NAMES_OF_RADIANCE:
        return _COMPOSITE if layer == "composite" else 0
    return _FEATURE if any(word in last for word in _NAMES_OF_FEATURES) else _UNKNOWN
