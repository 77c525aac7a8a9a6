"""How boards, tiles and stones lie on a square that repeats without a seam: which one each pixel is in, and where.

Lengths are in units of the square's side.
"""

from typing import NamedTuple

import numpy as np

from mcdenoise.random_scenes.textures import pixel_grid


class Cells(NamedTuple):
    """What each pixel `[n, n]` lies in.

    index: number of the cell, in 0..count - 1. along, across: from the cell's corner, along its longer and shorter
    side. edge: distance to the cell's nearest border.
    """

    index: np.ndarray
    count: int
    along: np.ndarray
    across: np.ndarray
    edge: np.ndarray

    def of_each(self, values: np.ndarray) -> np.ndarray:
        """A value `[count, ...]` of every cell, at its pixels."""
        return values[self.index]


def _rim(x: np.ndarray, width: float | np.ndarray, y: np.ndarray, height: float | np.ndarray) -> np.ndarray:
    return np.minimum(np.minimum(x, width - x), np.minimum(y, height - y))


def grid(size: int, columns: int, rows: int, shifts: np.ndarray | None = None) -> Cells:
    """Rows of equal cells; each row is shifted by its share of a cell (`shifts`, `[rows]`)."""
    u, v = pixel_grid(size)
    row = (v * rows).astype(int)
    x = u * columns + (0.0 if shifts is None else np.asarray(shifts)[row])
    column = np.floor(x).astype(int)
    along, across = (x - column) / columns, (v * rows - row) / rows
    index = row * columns + column % columns
    return Cells(index, rows * columns, along, across, _rim(along, 1 / columns, across, 1 / rows))


def boards(rng: np.random.Generator, size: int, rows: int, per_row: int) -> Cells:
    """Rows of boards along u, of random lengths."""
    u, v = pixel_grid(size)
    row = (v * rows).astype(int)
    cuts = (np.arange(per_row) + rng.uniform(-0.3, 0.3, (rows, per_row))) / per_row + rng.uniform(0, 1, (rows, 1))
    cuts = np.sort(cuts % 1.0, axis=1)
    number = np.stack([np.searchsorted(row_cuts, u[0], side="right") for row_cuts in cuts]) - 1
    start = np.take_along_axis(cuts, number % per_row, axis=1)
    end = np.take_along_axis(cuts, (number + 1) % per_row, axis=1)
    begun = (u[0] - start) % 1.0
    left = (end - u[0]) % 1.0
    across = (v * rows - row) / rows
    lines = np.arange(size)[None, :]
    along = begun[row, lines]
    edge = _rim(along, along + left[row, lines], across, 1 / rows)
    return Cells(row * per_row + (number % per_row)[row, lines], rows * per_row, along, across, edge)


def herringbone(size: int, ratio: int, repeats: int) -> Cells:
    """Blocks `ratio` times as long as wide that meet end to side."""
    units = 2 * ratio * repeats
    u, v = pixel_grid(size)
    i, j = (u * units).astype(int), (v * units).astype(int)
    x, y = u * units - i, v * units - j
    step = (i - j) % (2 * ratio)
    lying = step < ratio
    along = np.where(lying, step + x, 2 * ratio - 1 - step + y)
    across = np.where(lying, y, x)
    first = np.where(lying, i - step, i) % units
    second = np.where(lying, j, j - (2 * ratio - 1 - step)) % units
    edge = _rim(along, ratio, across, 1)
    return Cells(first * units + second, units * units, along / units, across / units, edge / units)


def chevron(size: int, columns: int, rows: int) -> Cells:
    """Slanting boards whose ends meet in straight lines; `columns` must be even."""
    u, v = pixel_grid(size)
    column = (u * columns).astype(int)
    x = u * columns - column
    rise = rows / columns * np.where(column % 2 == 0, x, 1 - x)
    y = v * rows + rise
    row = np.floor(y).astype(int)
    across = (y - row) / rows * np.sqrt(0.5)
    edge = _rim(x / columns, 1 / columns, across, np.sqrt(0.5) / rows)
    return Cells(column * rows + row % rows, columns * rows, x / columns * np.sqrt(2.0), across, edge)


def basket(size: int, squares: int, strips: int) -> Cells:
    """Squares of strips that lie along u and v in turn; `squares` must be even."""
    u, v = pixel_grid(size)
    i, j = (u * squares).astype(int), (v * squares).astype(int)
    x, y = u * squares - i, v * squares - j
    lying = (i + j) % 2 == 0
    along, beside = np.where(lying, x, y), np.where(lying, y, x)
    strip = (beside * strips).astype(int)
    across = beside - strip / strips
    edge = _rim(along, 1, across, 1 / strips) / squares
    index = (j * squares + i) * strips + strip
    return Cells(index, squares * squares * strips, along / squares, across / squares, edge)


def hexagons(size: int, columns: int, rows: int) -> Cells:
    """Hexagons that stand on a corner; `rows` must be even, and about 1.155 times the columns for regular ones."""
    u, v = pixel_grid(size)
    wide = 1 / columns
    flat = np.sqrt(3.0) / 2 * rows / columns  # v times this is as long as u for regular hexagons

    def nearest(shift):
        x, y = u * columns - shift, v * rows / 2 - shift
        i, j = np.floor(x).astype(int), np.floor(y).astype(int)
        return i % columns, j % (rows // 2), (x - i - 0.5) * wide, (y - j - 0.5) * 2 / rows * flat

    first, second = nearest(0.0), nearest(0.5)
    closer = first[2] ** 2 + first[3] ** 2 <= second[2] ** 2 + second[3] ** 2
    i, j, x, y = (np.where(closer, one, two) for one, two in zip(first, second, strict=True))
    edge = wide / 2 - np.maximum(np.abs(x), np.abs(x) / 2 + np.abs(y) * np.sqrt(3.0) / 2)
    index = (2 * j + ~closer) * columns + i
    return Cells(index, columns * rows, x + wide / 2, y + wide / 2, edge)


def scattered(rng: np.random.Generator, size: int, count: int, jitter: float = 0.9) -> Cells:
    """Voronoi cells of `count` x `count` points that stray by `jitter` of their spacing (1 is all of it)."""
    places = (0.5 + jitter * rng.uniform(-0.5, 0.5, (2, count, count))).astype(np.float32)
    t = ((np.arange(size) + 0.5) / size * count).astype(np.float32)
    home = t.astype(int)
    nearest = np.full((size, size), np.inf, dtype=np.float32)
    second = nearest.copy()
    index = np.zeros((size, size), dtype=int)
    for dj in (-1, 0, 1):
        row = (home + dj) % count
        for di in (-1, 0, 1):
            column = (home + di) % count
            cell = row[:, None] * count + column[None, :]
            x = places[0][row][:, column] + ((home + di).astype(np.float32) - t)[None, :]
            y = places[1][row][:, column] + ((home + dj).astype(np.float32) - t)[:, None]
            distance = x * x + y * y
            closer = distance < nearest
            second = np.where(closer, nearest, np.minimum(second, distance))
            index = np.where(closer, cell, index)
            nearest = np.where(closer, distance, nearest)
    centre = np.sqrt(nearest)
    edge = (np.sqrt(second) - centre) / 2 / count
    return Cells(index, count * count, centre / count, centre / count, edge)
