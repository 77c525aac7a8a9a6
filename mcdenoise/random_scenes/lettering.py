"""Letters drawn with strokes: an alphabet of our own, so that text looks the same on any machine."""

from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes.parts import choose

# Each glyph is a list of strokes through points (x, y) of a grid 4 wide and 6 high, y up; strokes are parted by spaces.
_STROKES = {
    "A": "002640 1232",
    "B": "00060636454433 3342413000 0333",
    "C": "4536160501103041",
    "D": "000626443220 2000",
    "E": "46060040 0333",
    "F": "460600 0333",
    "G": "453616050110304143 4323",
    "H": "0006 4046 0343",
    "I": "2026 1030 1636",
    "J": "4641301001",
    "K": "0006 4603 1340",
    "L": "060040",
    "M": "0006234640",
    "N": "00064046",
    "O": "1605011030414536 3616",
    "P": "00063645443303",
    "Q": "1605011030414536 3616 2240",
    "R": "00063645443303 2340",
    "S": "453616050413334241301001",
    "T": "0646 2620",
    "U": "060110304146",
    "V": "062046",
    "W": "0610233046",
    "X": "0046 0640",
    "Y": "062346 2320",
    "Z": "06460040",
    "0": "1605011030414536 3616 0145",
    "1": "152620 1030",
    "2": "0516364544330040",
    "3": "0516364544334241301001 1333",
    "4": "30360242",
    "5": "460603334241301001",
    "6": "4536160501103041423303",
    "7": "064610",
    "8": "160504133344453616 1302011030414233",
    "9": "0110304145361605041343",
    ".": "2021",
    ",": "2110",
    "-": "1333",
    "!": "2623 2120",
    "?": "0516364544332322 2120",
    "&": "4014152635340201102042",
    "/": "0046",
    ":": "2122 2425",
    "+": "1333 2422",
}


def _points(code: str) -> list[np.ndarray]:
    """The strokes of a glyph as arrays `[points, 2]` in units of its height."""
    return [np.array([int(digit) for digit in stroke]).reshape(-1, 2) / 6 for stroke in code.split()]


GLYPHS = {letter: _points(code) for letter, code in _STROKES.items()}

_BEGINNINGS = (
    "B", "BR", "C", "CH", "D", "F", "FL", "G", "GR", "H", "K", "L", "M", "N", "P", "PR", "R", "S", "ST", "T",
    "TR", "V", "W",
)  # fmt: skip
_MIDDLES = (
    "A", "E", "I", "O", "U", "AI", "EA", "OO", "OU",
)  # fmt: skip
_ENDINGS = (
    "L", "N", "R", "S", "T", "ND", "NT", "RK", "LL", "ST", "CK", "M", "TH", "NE", "RE",
)  # fmt: skip
_WORDS = (
    "OPEN", "SALE", "EXIT", "COFFEE", "TEA", "BREAD", "MUSIC", "JAZZ", "CINEMA", "OPERA", "LIVE", "SUMMER",
    "WINTER", "CITY", "PARK", "HOTEL", "BAR", "CAFE", "MUSEUM", "ART", "FRESH", "MILK", "ORGANIC", "GARDEN",
    "STUDIO", "DESIGN", "MODERN", "NEW", "GRAND", "ROYAL", "NORTH", "SOUTH", "STREET", "STATION", "PLATFORM",
    "TICKETS", "NEWS", "HISTORY", "NATURE", "LIGHT", "SHADOW", "RIVER", "MOUNTAIN", "OCEAN", "FOREST", "SILENCE",
    "MEMORY", "JOURNEY", "HOUSE", "LETTERS", "POEMS", "STORIES", "FILM", "ATLAS", "COOKING", "PHYSICS",
    "GEOMETRY", "COLOUR", "THE", "OF", "AND", "IN", "A", "FOR", "WITH", "STOP", "PUSH", "PULL", "QUIET", "PLEASE",
    "NO", "ENTRY", "FRAGILE",
)  # fmt: skip


def word(rng: np.random.Generator) -> str:
    """A common word (70 %), a made-up one (20 %) or a number (10 %)."""
    kind = choose(rng, {"common": 70, "made": 20, "number": 10})
    if kind == "common":
        return choose(rng, _WORDS)
    if kind == "number":
        return str(rng.integers(1, 10 ** int(rng.integers(1, 5))))
    parts = [choose(rng, _BEGINNINGS) + choose(rng, _MIDDLES) for _ in range(int(rng.integers(1, 3)))]
    return "".join(parts) + choose(rng, _ENDINGS)


def words(rng: np.random.Generator, count: int) -> str:
    return " ".join(word(rng) for _ in range(count))


def write(
    ink: np.ndarray,
    text: str,
    x: float,
    y: float,
    height: float,
    weight: float = 0.12,
    wide: float = 1.0,
    slant: float = 0.0,
) -> float:
    """Draw `text` into `ink` (`[h, w]`, 0..1, rows from the top), raising what is there; returns the x where it ends.

    x, y: left end of the baseline in pixels. height, of capitals, in pixels. weight: of a stroke, in heights. wide:
    stretches letters. slant: how far they lean, in heights a height. What lies outside is cut off.
    """
    thick = max(weight * height / 2, 0.45)
    for letter in text:
        for stroke in GLYPHS.get(letter, []):
            points = np.stack([x + (stroke[:, 0] * wide + slant * stroke[:, 1]) * height, y - stroke[:, 1] * height], 1)
            for start, end in pairwise(points):
                _line(ink, start, end, thick)
        x += height * wide * (1.0 if letter != " " else 0.6) * (4 / 6 + 0.24 + 0.6 * weight)
    return x


def width_of(text: str, height: float, weight: float = 0.12, wide: float = 1.0) -> float:
    """How far `write` goes."""
    return sum(height * wide * (1.0 if letter != " " else 0.6) * (4 / 6 + 0.24 + 0.6 * weight) for letter in text)


def _line(ink: np.ndarray, start: np.ndarray, end: np.ndarray, thick: float) -> None:
    rows, columns = ink.shape
    low = np.floor(np.minimum(start, end) - thick - 1).astype(int)
    high = np.ceil(np.maximum(start, end) + thick + 1).astype(int)
    x0, y0 = np.clip(low, 0, [columns, rows])
    x1, y1 = np.clip(high, 0, [columns, rows])
    if x0 >= x1 or y0 >= y1:
        return
    x = np.arange(x0, x1)[None, :] + 0.5 - start[0]
    y = np.arange(y0, y1)[:, None] + 0.5 - start[1]
    way = end - start
    t = np.clip((x * way[0] + y * way[1]) / max(way @ way, 1e-9), 0, 1)
    distance = np.hypot(x - t * way[0], y - t * way[1])
    block = ink[y0:y1, x0:x1]
    np.maximum(block, np.clip(thick + 0.5 - distance, 0, 1), out=block)
