"""Writes the report: the page, what it needs beside it, and the data of its views as they come."""

import base64
import contextlib
import html
import importlib.resources
import itertools
import json
import logging
import math
import numbers
import re
import secrets
import unicodedata
import zlib
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mcdenoise.atomic import remove_leftovers, replacing, write_text
from mcdenoise.errors import McdenoiseError
from mcdenoise.tonemap import display

_log = logging.getLogger(__name__)

_HALF_MAX = 65504.0
_THUMBNAIL_WIDTH = 256  # pixels
_MARKER = "mcdenoise-report.txt"
_MARKER_TEXT = "A report of mcdenoise evaluate: open index.html. The next report into this folder replaces it.\n"
_ASSETS = ("report.css", "theme.js", "pictures.js", "tables.js", "plots.js", "stage.js", "viewer.js", "report.js")
_PLOTLY = "plotly.min.js"
_OURS = re.compile(r"\d{3,}-[a-z0-9-]*\.(js|png)")
_FILES = re.compile(r"files-[0-9a-f]{8}")
_COLOURS = 256


@dataclass(frozen=True)
class ViewImages:
    """What the report shows of one view at one sample count.

    scene, view: names; the view's is its camera's, as "view000". spp: samples per pixel of the noisy input.
    exposure: factor that brings the picture to middle grey, the viewer's EV 0.
    images: name -> `[H, W, 3]` linear radiance, in the order of the number keys: "noisy", the methods, and "reference"
    last if there is one. maps: name of an error map -> method -> `[H, W]`. scores: method -> metric -> value.
    Images and maps are all of one size; what is no number in them is shown as such.
    """

    scene: str
    view: str
    spp: int
    exposure: float
    images: dict[str, np.ndarray]
    maps: dict[str, dict[str, np.ndarray]]
    scores: dict[str, dict[str, float]]


class ReportWriter:
    """Writes a report into `folder`, one view after the other; memory does not grow with their pixels.

    All but `index.html` goes into a new folder `files-<8 hex digits>` in it. An earlier report there stays whole until
    `finish` has replaced its page; then its files go, and no others. Raises McdenoiseError if the folder cannot be
    made, holds something else, or, with overwrite=False, an earlier report.
    """

    def __init__(self, folder: Path, title: str, overwrite: bool = True):
        self._folder = Path(folder)
        self._title = title
        self._views: list[dict[str, Any]] = []
        self._files = self._folder / f"files-{secrets.token_hex(4)}"
        self._finished = False
        try:
            self._prepare(overwrite)
        except OSError as error:
            raise McdenoiseError(f"{folder}: the report cannot be written there: {error.strerror}.") from None

    def add_view(self, view: ViewImages) -> None:
        """Write the images, maps and thumbnail of one view.

        Radiance is kept times a power of two that brings it near middle grey; what is then beyond +-65504, the largest
        half float, is clamped to that. Raises ValueError if sizes differ, and
        McdenoiseError if a file cannot be written.
        """
        if not view.images:
            raise ValueError(f"view {view.view} of {view.scene} has no images")
        height, width = next(iter(view.images.values())).shape[:2]
        maps = [(name, method, plane) for name, of in view.maps.items() for method, plane in of.items()]
        for image in view.images.values():
            if image.shape != (height, width, 3):
                raise ValueError(f"images of {view.scene} {view.view} are {image.shape}, not {(height, width, 3)}")
        for name, method, plane in maps:
            if plane.shape != (height, width):
                raise ValueError(f"{name} of {method} is {plane.shape}, not {(height, width)}")
        number = len(self._views)
        stem = f"{number:03d}-{_slug(f'{view.scene} {view.view}')}-{int(view.spp)}spp"
        exposure = float(view.exposure) if math.isfinite(view.exposure) and view.exposure > 0 else 1.0
        scale = 2.0 ** round(math.log2(exposure))  # of two: no digit is lost
        images = (image * np.float64(scale) for image in view.images.values())
        try:
            for item, pixels in enumerate(itertools.chain(images, (plane for _, _, plane in maps))):
                name = f"{stem}-{item:02d}"
                text = f'receivePicture("{name}","{_encode(pixels)}");\n'
                write_text(self._files / "data" / f"{name}.js", text)
            with replacing(self._files / "thumbnails" / f"{stem}.png") as temporary:
                _thumbnail(list(view.images.values()), exposure).save(temporary, optimize=True)
        except OSError as error:
            raise McdenoiseError(f"{self._folder}: the report cannot be written: {error.strerror}.") from None
        self._views.append(
            {
                "scene": view.scene,
                "view": view.view,
                "spp": int(view.spp),
                "exposure": exposure,
                "scale": scale,
                "size": [width, height],
                "stem": stem,
                "images": list(view.images),
                "maps": [[name, method] for name, method, _ in maps],
                "rows": {
                    method: {"scores": {metric: {"value": value} for metric, value in scores.items()}}
                    for method, scores in view.scores.items()
                },
            }
        )

    def finish(self, summary: Mapping[str, Any]) -> Path:
        """Write the page over all views, `index.html`, last of all, remove the earlier report, and return its path.

        summary: as `Results.summary` gives it, with machine, made, note and command as text. The n-th view of a scene,
        view and spp takes the n-th there. Numbers may be missing, None or not finite.
        """
        plotly = _plotly()
        pairs = summary.get("pairs", [])
        metrics = summary.get("metrics", [])
        rows, of_views = (_with_needed_kinds(summary.get(name, []), metrics) for name in ("rows", "views"))
        report = {
            "title": self._title,
            "metrics": metrics,
            "rows": rows,
            "pairs": [entry for entry in pairs if "scene" not in entry],
            "views": self._merged(of_views, [entry for entry in pairs if "scene" in entry]),
            "machine": summary.get("machine", ""),
            "made": summary.get("made", ""),
            "note": summary.get("note", ""),
            "command": summary.get("command", ""),
            "colours": _colour_map(),
            "plots": f"{self._files.name}/{_PLOTLY}" if plotly else None,
        }
        filled = {"title": _html(self._title), "files": self._files.name, "report": _json(report)}
        # All at once, so that nothing that is filled in can be taken for another place.
        page = re.sub(r"\{\{(\w+)\}\}", lambda place: filled[place[1]], _asset("page.html"))
        path = self._folder / "index.html"
        try:
            for name in _ASSETS:
                write_text(self._files / name, _asset(name))
            if plotly:
                write_text(self._files / _PLOTLY, plotly)
            write_text(path, page)
            self._finished = True
            _remove_files(self._folder)  # where reports had them before they had folders of their own
            for earlier in self._folders():
                if earlier != self._files:
                    _remove_folder(earlier)
        except OSError as error:
            raise McdenoiseError(f"{self._folder}: the report cannot be written: {error.strerror}.") from None
        return path

    def discard(self) -> None:
        """Remove what was written, unless it is finished; an earlier report stays."""
        if not self._finished:
            _remove_folder(self._files)

    def _prepare(self, overwrite: bool) -> None:
        folder = self._folder
        marker = folder / _MARKER
        if folder.exists() and not folder.is_dir():
            raise McdenoiseError(f"{folder}: is a file, and a report needs a folder.")
        if folder.is_dir() and any(folder.iterdir()) and not marker.is_file():
            raise McdenoiseError(f"{folder}: is not empty and no earlier report; choose another folder.")
        if marker.is_file() and not overwrite:
            raise McdenoiseError(f"{folder}: holds a report already; choose another folder.")
        folder.mkdir(parents=True, exist_ok=True)
        write_text(marker, _MARKER_TEXT)
        remove_leftovers(folder)
        page = folder / "index.html"
        shown = set(_FILES.findall(page.read_text(encoding="utf-8", errors="replace"))) if page.is_file() else set()
        for leftover in self._folders():
            if leftover.name not in shown:  # of a run that was killed
                _remove_folder(leftover)
        (self._files / "data").mkdir(parents=True)
        (self._files / "thumbnails").mkdir()

    def _folders(self) -> list[Path]:
        """Those of any run of ours."""
        return [
            path
            for path in self._folder.iterdir()
            if _FILES.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
        ]

    def _merged(
        self, summarised: Sequence[Mapping[str, Any]], pairs: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """The views with their scores by method, the summary's before those that came with the images, and pairs."""
        rows, compared = defaultdict(deque), defaultdict(deque)
        for row in summarised:
            rows[_place(row), row["method"]].append(row)
        for entry in pairs:
            compared[_place(entry)].append(entry)
        merged = []
        for view in self._views:
            of_view = dict(view["rows"])
            for method in dict.fromkeys([*of_view, *view["images"]]):
                if queue := rows[_place(view), method]:
                    row = queue.popleft()
                    scores = of_view.get(method, {}).get("scores", {}) | row.get("scores", {})
                    of_view[method] = {"seconds": row.get("seconds"), "scores": scores}
            entry = compared[_place(view)].popleft() if compared[_place(view)] else {}
            known = {key: entry[key] for key in ("methods", "metrics") if key in entry}
            merged.append(view | {"rows": of_view, "pairs": known or None})
        return merged


def _with_needed_kinds(
    rows: Sequence[Mapping[str, Any]], metrics: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Rows whose scores say their kind only where those of the metric differ in it."""
    single = {metric["name"] for metric in metrics if len(metric.get("kinds", {})) < 2}

    def needed(name: str, score: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in score.items() if key != "kind" or name not in single}

    return [
        {**row, "scores": {name: needed(name, score) for name, score in row.get("scores", {}).items()}} for row in rows
    ]


def _place(entry: Mapping[str, Any]) -> tuple:
    return entry.get("scene"), entry.get("view"), entry.get("spp")


def _remove_folder(folder: Path) -> None:
    """A folder of a run, with what is ours in it; it stays if anything else is."""
    _remove_files(folder)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _remove_files(folder: Path) -> None:
    """What a report has beside its page or in a folder of its own, as far as it is ours."""
    remove_leftovers(folder)
    for name in (*_ASSETS, _PLOTLY):
        (folder / name).unlink(missing_ok=True)
    for place in (folder / "data", folder / "thumbnails"):
        if place.is_dir() and not place.is_symlink():
            remove_leftovers(place)
            for file in place.iterdir():
                if _OURS.fullmatch(file.name):
                    file.unlink()
            with contextlib.suppress(OSError):  # where something else is in it
                place.rmdir()


def _encode(pixels: np.ndarray) -> str:
    """Base64 of deflated half floats: planes of 16 bits, first all low bytes, then all high bytes.

    An image `[H, W, 3]` gives the planes G, R - G, B - G, a map `[H, W]` one; in each row a number is the difference
    from its left neighbour, with its sign in the lowest bit. All in the bits of the half floats, modulo 2^16.
    """
    clamped = np.clip(pixels, -_HALF_MAX, _HALF_MAX).astype(np.float16)
    bits = np.ascontiguousarray(clamped).view(np.uint16)
    if bits.ndim == 3:
        red, green, blue = np.moveaxis(bits, -1, 0)
        planes = np.stack([green, red - green, blue - green])  # grey compresses to nothing
    else:
        planes = bits[None]
    steps = planes.copy()
    steps[..., 1:] -= planes[..., :-1]
    steps = steps.view(np.int16)
    steps = ((steps << 1) ^ (steps >> 15)).astype("<i2")
    low_then_high = steps.view(np.uint8).reshape(-1, 2).T
    return base64.b64encode(zlib.compress(low_then_high.tobytes(), 6)).decode("ascii")


def _thumbnail(images: list[np.ndarray], exposure: float) -> Image.Image:
    """The first image left of the middle, the last one right of it: the noise, and what is below it."""
    height, width = images[0].shape[:2]
    pixels = display(images[0], exposure)
    pixels[:, width // 2 :] = display(images[-1][:, width // 2 :], exposure)
    thumbnail = Image.fromarray(pixels)
    if width > _THUMBNAIL_WIDTH:
        size = (_THUMBNAIL_WIDTH, max(1, round(height * _THUMBNAIL_WIDTH / width)))
        thumbnail = thumbnail.resize(size, Image.Resampling.BOX)
    return thumbnail


def _plotly() -> str | None:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        _log.warning("plotly is not installed, so the report has no plots: pip install 'mcdenoise[report]'")
        return None
    return get_plotlyjs()


def _colour_map() -> str:
    """Colours of error maps, dark to bright, in hexadecimal: plotly's Inferno, else black, red, yellow, white."""
    places = np.linspace(0, 1, _COLOURS)
    try:
        from plotly import colors
    except ImportError:
        rgb = np.clip(places[:, None] * 3 - np.arange(3), 0, 1)
    else:
        rgb = np.array(colors.sample_colorscale(colors.sequential.Inferno, list(places), colortype="tuple"))
    return np.round(rgb * 255).astype(np.uint8).tobytes().hex()


def _asset(name: str) -> str:
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _slug(name: str) -> str:
    """`name` as it may stand in file names and addresses everywhere; perhaps of no letters, so never alone."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only)[:60].strip("-") or "view"


def _html(text: str) -> str:
    return html.escape(text).encode("ascii", "xmlcharrefreplace").decode()


def _json(value: Any) -> str:
    """JSON that may stand in a <script> element: nothing in it ends the element or opens a comment."""
    text = json.dumps(_plain(value), allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _plain(value: Any) -> Any:
    """`value` in JSON's kinds: numbers of NumPy as Python's, floats to 7 digits, those that are not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(f"{float(value):.7g}") if math.isfinite(value) else None
    return str(value)
