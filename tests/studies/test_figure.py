"""Figures: pictures stand where their heads and rows say, and curves rise where their values do."""

import numpy as np
import pytest
from PIL import Image, ImageColor

from mcdenoise.studies.figure import COLOURS, Line, write_charts, write_sheet


def plain(colour, height=20, width=40):
    return np.full((height, width, 3), colour, np.uint8)


def places(image, colour):
    """(rows, columns) of the pixels of about that colour."""
    distance = np.abs(np.asarray(image).astype(int) - np.array(colour)).max(axis=2)
    return np.nonzero(distance < 12)


def test_a_sheet_shows_each_picture_in_its_row_and_column(tmp_path):
    colours = {(0, 0): (255, 0, 0), (0, 1): (0, 255, 0), (1, 0): (0, 0, 255), (1, 1): (255, 0, 255)}
    rows = [(f"row {i}", [(plain(colours[i, j]), "1 dB") for j in range(2)]) for i in range(2)]
    path = write_sheet(tmp_path / "sheet.png", ["a", "b"], rows, side=80)
    with Image.open(path) as image:
        found = {place: places(image, colour) for place, colour in colours.items()}
    for ys, _ in found.values():
        assert len(ys) == 80 * 40  # twice as large, in the same proportions
    middles = {place: (ys.mean(), xs.mean()) for place, (ys, xs) in found.items()}
    assert middles[0, 0][0] == middles[0, 1][0] < middles[1, 0][0] == middles[1, 1][0]
    assert middles[0, 0][1] == middles[1, 0][1] < middles[0, 1][1] == middles[1, 1][1]


def test_curves_rise_with_their_values_on_a_logarithmic_axis(tmp_path):
    lines = [Line("up", [10, 100, 1000], [10.0, 20.0, 30.0]), Line("flat", [10, 1000], [12.0, 12.0])]
    path = write_charts(tmp_path / "chart.png", [("title", "steps", lines)], "dB")
    with Image.open(path) as image:
        up = places(image, ImageColor.getrgb(COLOURS[0]))
        flat = places(image, ImageColor.getrgb(COLOURS[1]))
    middle = (up[1].min() + up[1].max()) / 2
    at = lambda column: up[0][np.abs(up[1] - column) <= 1].mean()  # noqa: E731
    first, last = at(up[1].min() + 4), at(up[1].max() - 4)
    assert first > last  # rows are counted from the top
    assert at(middle) == pytest.approx((first + last) / 2, abs=6)  # 100 is half way from 10 to 1000
    within = flat[0][(flat[1] > middle - 40) & (flat[1] < middle)]
    assert within.max() - within.min() <= 3


@pytest.mark.parametrize("values", [[5.0], [5.0, 5.0], [-3.0, 1e4], [0.001, 0.002]])
def test_charts_of_few_equal_or_far_apart_values_can_be_drawn(tmp_path, values):
    lines = [Line("one", [7.0 * (i + 1) for i in range(len(values))], values)]
    write_charts(tmp_path / "chart.png", [("a", "b", lines), ("c", "d", lines)], "dB")
    with Image.open(tmp_path / "chart.png") as image:
        assert image.size == (1040, 340)
        assert len(places(image, ImageColor.getrgb(COLOURS[0]))[0]) > 10


def test_a_legend_that_does_not_fit_beside_the_title_has_lines_of_its_own(tmp_path):
    names = [f"{number}: a way to spend a fixed number of renders" for number in range(3)]
    lines = [Line(name, [1.0, 2.0], [number, number + 1.0]) for number, name in enumerate(names)]
    write_charts(tmp_path / "chart.png", [("title", "steps", lines), ("title", "steps", lines[:1])], "dB")
    with Image.open(tmp_path / "chart.png") as image:
        assert image.size == (1040, 340 + 3 * 18)
        tops = []
        for number in range(3):
            rows, columns = places(image.crop((0, 0, 520, 80)), ImageColor.getrgb(COLOURS[number]))
            tops.append(rows.min())
            assert columns.max() < 520 - 16
        assert tops[1] - tops[0] == pytest.approx(18, abs=2)
        assert tops[2] - tops[1] == pytest.approx(18, abs=2)
