import numpy as np
import pytest

from mcdenoise.random_scenes import colours, cutouts, layouts, lettering, swatches

MAKERS = [
    swatches.wood_board, swatches.parquet, swatches.panelling, swatches.wall_tiles, swatches.floor_tiles,
    swatches.brickwork, swatches.ashlar, swatches.rubble, swatches.flagstones, swatches.cobbles, swatches.pavers,
    swatches.granite, swatches.marble_slab, swatches.limestone, swatches.slate, swatches.terrazzo, swatches.soil,
    swatches.sand, swatches.snow, swatches.lawn, swatches.asphalt, swatches.gravel, swatches.concrete_face,
    swatches.cloth, swatches.wallpaper, swatches.pile, swatches.roofing, swatches.crust, swatches.bark_ridges,
]  # fmt: skip


def seam(values):
    """How much larger the step across each pair of opposite borders is than the largest kind of step within."""
    values = values if values.ndim == 3 else values[..., None]
    ratios = []
    for axis in (0, 1):
        steps = np.abs(np.diff(values, axis=axis)).mean((1 - axis, 2))
        across = np.abs(np.take(values, 0, axis) - np.take(values, -1, axis)).mean()
        ratios.append(across / max(steps.max(), 0.01))
    return max(ratios)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_swatches_repeat_without_a_seam_and_are_in_range(maker):
    for seed in range(3):
        swatch = maker(np.random.default_rng(seed))
        assert swatch.name
        assert swatch.colour.shape[0] == swatch.colour.shape[1]
        assert 256 <= len(swatch.colour) <= 768
        assert swatch.colour.min() >= 0
        assert swatch.colour.max() <= colours.BRIGHTEST + 1e-9
        assert 0.01 < swatch.metres < 8
        assert seam(swatch.colour) < 1.3, swatch.name
        if swatch.height is not None:
            assert swatch.height.min() >= 0
            assert swatch.height.max() <= 1 + 1e-6
            assert 0 < swatch.depth < 0.1
            assert seam(swatch.height) < 1.3, swatch.name


@pytest.mark.parametrize(
    "cells",
    [
        layouts.grid(128, 4, 8, np.arange(8) % 2 * 0.5),
        layouts.boards(np.random.default_rng(0), 128, 6, 3),
        layouts.herringbone(128, 4, 1),
        layouts.chevron(128, 4, 9),
        layouts.basket(128, 4, 4),
        layouts.hexagons(128, 7, 8),
        layouts.scattered(np.random.default_rng(0), 128, 6),
    ],
    ids=["grid", "boards", "herringbone", "chevron", "basket", "hexagons", "scattered"],
)
def test_each_cell_is_in_one_piece_on_the_square_that_repeats(cells):
    assert cells.index.min() >= 0
    assert cells.index.max() < cells.count
    assert cells.edge.min() > -1e-6
    # Pixels well inside a cell have neighbours of the same cell, also across the square's borders.
    inside = cells.edge > 1.5 / 128
    assert inside.any()
    for axis in (0, 1):
        neighbour = np.roll(cells.index, 1, axis)
        assert (neighbour[inside] == cells.index[inside]).all()
    # All cells are about as large as each other: none is missing.
    used, pixels = np.unique(cells.index, return_counts=True)
    assert pixels.max() < 12 * np.median(pixels)
    assert len(used) >= 12


@pytest.mark.parametrize("kind", cutouts.LEAVES)
def test_a_leaf_is_one_piece_on_its_stem_within_the_card(kind):
    for seed in range(5):
        blade, _ = cutouts.leaf_shape(np.random.default_rng(seed), 128, kind)
        assert blade[-2, 60:68].any()
        assert not blade[:, 0].any()
        assert not blade[:, -1].any()
        assert 0.015 < blade.mean() < 0.75
        # Grown from the stem, it covers nearly all of itself.
        grown = np.zeros_like(blade)
        grown[-2] = blade[-2]
        for _ in range(400):
            wider = grown.copy()
            for shift in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)):
                wider |= np.roll(grown, shift, (0, 1))
            wider &= blade
            if (wider == grown).all():
                break
            grown = wider
        assert grown.sum() > 0.9 * blade.sum()


def test_meshes_and_lace_repeat_and_let_something_through():
    for seed in range(12):
        for maker in (cutouts.repeating, cutouts.lace):
            name, opacity, metres = maker(np.random.default_rng(seed))
            assert 0.04 < opacity.mean() < 0.96, name
            assert seam(opacity) < 1.3, name
            assert 0.01 < metres < 1.0


def test_an_unknown_leaf_is_refused():
    with pytest.raises(ValueError, match="no leaf is called brick"):
        cutouts.leaf_shape(np.random.default_rng(0), 64, "brick")


def test_letters_differ_from_each_other_and_stay_where_they_are_put():
    drawn = {}
    for letter in lettering.GLYPHS:
        ink = np.zeros((60, 60))
        end = lettering.write(ink, letter, 10, 50, 40)
        assert end == pytest.approx(10 + lettering.width_of(letter, 40))
        rows, columns = np.nonzero(ink > 0.5)
        assert rows.min() >= 50 - 40 - 5
        assert rows.max() <= 50 + 5
        assert columns.min() >= 10 - 5
        assert columns.max() <= end
        drawn[letter] = ink
    letters = list(drawn)
    for i, first in enumerate(letters):
        for second in letters[i + 1 :]:
            assert np.abs(drawn[first] - drawn[second]).sum() > 20, (first, second)


def test_text_that_runs_out_of_the_picture_is_cut_off():
    ink = np.zeros((20, 30))
    lettering.write(ink, "WWWWWW", -15, 25, 20)
    assert ink.max() == 1
    assert np.isfinite(ink).all()


def test_grey_in_oklab_is_grey_and_lightness_is_the_cube_root_of_reflectance():
    for lightness in (0.3, 0.6, 0.9):
        colour = colours.linear(colours.oklch(lightness, 0.0, 0.0))
        assert max(colour) - min(colour) < 2e-4
        assert colour.g == pytest.approx(lightness**3, rel=0.01)


def test_hues_come_out_as_named():
    red, green, blue = (colours.oklch(0.55, 0.15, hue) for hue in (28, 142, 262))
    assert np.argmax(red) == 0
    assert np.argmax(green) == 1
    assert np.argmax(blue) == 2


def test_white_paint_reflects_as_white_paint_does():
    rng = np.random.default_rng(0)
    reflectances = np.array([colours.linear(colours.white(rng)).g for _ in range(200)])
    assert reflectances.min() > 0.68
    assert reflectances.max() < 0.9
