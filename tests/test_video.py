"""Pictures beside each other, and the GIF of them."""

import imageio.v3 as imageio
import numpy as np

from mcdenoise.tonemap import tonemap
from mcdenoise.video import beside, write_gif


def test_small_pictures_are_magnified_and_large_ones_reduced_by_whole_numbers():
    rng = np.random.default_rng(0)
    small = [rng.uniform(0, 4, (50, 30, 3)).astype(np.float32) for _ in range(2)]
    picture = beside(small, 0.5)
    assert picture.shape == (150, 180, 3)
    expected = (np.concatenate([tonemap(image * 0.5) for image in small], axis=1) * 255 + 0.5).astype(np.uint8)
    np.testing.assert_array_equal(picture[1::3, 1::3], expected)
    large = [rng.uniform(0, 4, (803, 610, 3)).astype(np.float32) for _ in range(2)]
    assert beside(large, 0.5).shape == (803, 1220, 3)
    picture = beside(large, 0.5, most_height=270)
    assert picture.shape == (803 // 3, 2 * (610 // 3), 3)
    block = tonemap(large[1] * 0.5)[3:6, 6:9].mean(axis=(0, 1)) * 255
    np.testing.assert_allclose(picture[1, 610 // 3 + 2], block, atol=0.51)
    labelled = beside(small, 0.5, labels=("noisy", "denoised"))
    np.testing.assert_array_equal(labelled[-150:], beside(small, 0.5))
    head = labelled[:-150].min(axis=2)
    assert head.max() == 255
    assert all((half < 100).any() for half in np.split(head, 2, axis=1))  # ink above each
    assert beside([np.ones((1000, 2, 3), np.float32)], 1.0, most_height=100).shape[1] >= 1


def test_a_gif_has_all_pictures(tmp_path):
    pictures = [np.full((20, 30, 3), value, np.uint8) for value in (0, 128, 255)]
    write_gif(tmp_path / "a.gif", pictures)
    np.testing.assert_allclose(imageio.imread(tmp_path / "a.gif"), np.stack(pictures), atol=2)
    assert [file.name for file in tmp_path.iterdir()] == ["a.gif"]
