"""Where clean pictures come from, and that none is both learnt and tested."""

import numpy as np
import pytest
from PIL import Image
from synthetic import write_view

from mcdenoise.errors import DataError
from mcdenoise.studies.photographs import HELD_OUT, LEARNT, load_pictures


def test_scikit_images_photographs_are_split_and_in_range():
    pictures = load_pictures(None, 64)
    assert len(pictures.learnt) == len(LEARNT)
    assert pictures.names == [name.partition(".")[0] for name in HELD_OUT]
    assert not {name.partition("_")[0] for name in LEARNT} & {name.partition(".")[0] for name in HELD_OUT}
    for picture in pictures.learnt + pictures.tested:
        assert picture.dtype == np.float32
        assert 0 <= picture.min() < picture.max() <= 1
        assert picture.std() > 0.02
    assert {picture.shape for picture in pictures.tested} == {(3, 256, 256)}
    assert load_pictures(None, 64).fingerprint == pictures.fingerprint


def test_every_fifth_photograph_of_a_folder_is_held_out(photographs):
    pictures = load_pictures(photographs, 32)
    assert (len(pictures.learnt), pictures.names) == (5, ["4"])
    assert pictures.tested[0].shape == (3, 64, 96)
    whole = np.asarray(Image.open(photographs / "4.png")).transpose(2, 0, 1) / np.float32(255)
    assert (pictures.tested[0] == whole[:, 4:68]).all()  # the middle, in multiples of 32


def test_other_pictures_have_another_fingerprint(photographs, tmp_path):
    for path in photographs.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = load_pictures(tmp_path, 32).fingerprint
    assert before == load_pictures(photographs, 32).fingerprint
    pixels = np.asarray(Image.open(tmp_path / "0.png")).copy()
    pixels[3, 3, 0] ^= 1
    Image.fromarray(pixels).save(tmp_path / "0.png")
    assert load_pictures(tmp_path, 32).fingerprint != before


def test_references_of_renders_are_pictures_and_validation_scenes_are_held_out(tmp_path):
    for k, (scene, split) in enumerate((("a", "train"), ("b", "validation"), ("c", "train"))):
        write_view(tmp_path / scene / "view000", seed=k, references=True, split=split)
    pictures = load_pictures(tmp_path, 32)
    assert (len(pictures.learnt), pictures.names) == (2, ["b view000"])
    assert 0.3 < np.median(pictures.tested[0]) < 0.7  # middle grey, as sRGB


@pytest.mark.parametrize("least", [32, 80])
def test_too_few_or_too_small_pictures_are_an_error(photographs, tmp_path, least):
    (tmp_path / "0.png").write_bytes((photographs / "0.png").read_bytes())
    with pytest.raises(DataError, match="at least one picture to learn from"):
        load_pictures(tmp_path, least)


def test_broken_pictures_and_folders_without_any_are_one_line(tmp_path):
    with pytest.raises(DataError, match="no such folder") as raised:
        load_pictures(tmp_path / "nowhere", 32)
    assert raised.value.misuse
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.png: cannot be read"):
        load_pictures(tmp_path, 32)
    (tmp_path / "a.png").rename(tmp_path / "a.txt")
    with pytest.raises(DataError, match="neither photographs"):
        load_pictures(tmp_path, 32)
    write_view(tmp_path / "a" / "view000")
    with pytest.raises(DataError, match="reference"):
        load_pictures(tmp_path, 32)
