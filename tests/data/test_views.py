import logging
import shutil

import numpy as np
import pytest
from synthetic import noisy, picture, write_view

from mcdenoise.data import CropDataset, find_views
from mcdenoise.errors import DataError
from mcdenoise.exr import write_frame
from mcdenoise.frame import Frame
from mcdenoise.training.loop import split_views


def warnings_naming(caplog, name):
    return [r for r in caplog.records if r.levelno == logging.WARNING and name in r.getMessage()]


def test_sizes_spp_and_realizations_may_differ_between_views(tmp_path):
    write_view(tmp_path / "a/view000", picture(30, 40), spp=4)
    write_view(tmp_path / "a/view001", picture(70, 50), realizations=5, spp=32)
    write_view(tmp_path / "b/view000", picture(64, 64), realizations=3, spp=1)
    views = find_views(tmp_path)
    assert [(str(v.folder.relative_to(tmp_path)), v.size, len(v.realizations)) for v in views] == [
        ("a/view000", (40, 30), 2),
        ("a/view001", (50, 70), 5),
        ("b/view000", (64, 64), 3),
    ]
    batch = CropDataset(views, crop=32).batch(0, 12)
    assert [tuple(t.shape) for t in batch.tensors()] == [(12, 3, 32, 32)] * 4


def test_a_view_folder_itself_will_do(tmp_path):
    write_view(tmp_path / "view000")
    assert [view.folder for view in find_views(tmp_path / "view000")] == [tmp_path / "view000"]


def test_folders_may_come_and_go(tmp_path):
    write_view(tmp_path / "a/view000")
    write_view(tmp_path / "b/view000")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/r000.txt").write_text("not a frame")
    assert len(find_views(tmp_path)) == 2
    write_view(tmp_path / "deep/down/c/view000")
    assert len(find_views(tmp_path)) == 3
    shutil.rmtree(tmp_path / "a")
    assert {view.folder.parent.name for view in find_views(tmp_path)} == {"b", "c"}


def truncate(path, part):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])


def other_frame(path, height=64, width=64, albedo=True, spp=4):
    truth = picture(height, width)
    frame = Frame(truth.radiance, truth.albedo if albedo else None, truth.normal, truth.depth)
    write_frame(path, noisy(frame, np.random.default_rng(9), spp))


def poison(path, value):
    frame = noisy(picture(), np.random.default_rng(9))
    frame.radiance[5, 7, 1] = value
    write_frame(path, frame)


def poison_albedo(path):
    frame = noisy(picture(), np.random.default_rng(9))
    frame.albedo = frame.albedo.copy()
    frame.albedo[5, 7] = np.nan
    write_frame(path, frame)


DAMAGES = {
    "cut in its header": lambda path: truncate(path, 0.005),
    "cut in its pixels": lambda path: truncate(path, 0.6),
    "cut at its end": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("once upon a time"),
    "garbage after the magic": lambda path: path.write_bytes(b"\x76\x2f\x31\x01" + bytes(range(256)) * 9),
    "of another size": lambda path: other_frame(path, height=60),
    "without albedo": lambda path: other_frame(path, albedo=False),
    "of another spp": lambda path: other_frame(path, spp=64),
    "NaN": lambda path: poison(path, np.nan),
    "Inf": lambda path: poison(path, np.inf),
    "NaN in albedo": poison_albedo,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_broken_frame_is_skipped_with_one_warning(tmp_path, caplog, damage):
    folder = write_view(tmp_path / "scene/view000", realizations=4)
    DAMAGES[damage](folder / "r002.exr")
    views = find_views(tmp_path)
    dataset = CropDataset(views, crop=32)
    batches = [dataset.batch(start, 8) for start in (0, 8, 16)]
    for batch in batches:
        assert all(tensor.isfinite().all() for tensor in batch.tensors())
    assert len(warnings_naming(caplog, "r002.exr")) == 1
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1
    good = [path for path in views[0].realizations if dataset.cache.get(path) is not None]
    assert [path.name for path in good] == ["r000.exr", "r001.exr", "r003.exr"]


def test_targets_have_a_number_of_samples_of_their_own_and_are_no_realizations(tmp_path, caplog):
    folder = write_view(tmp_path / "scene/view000", realizations=3, targets=2)
    write_view(tmp_path / "scene/view001", realizations=3)
    views = find_views(tmp_path)
    assert [file.name for file in views[0].realizations] == ["r000.exr", "r001.exr", "r002.exr"]
    assert [[file.name for file in view.targets] for view in views] == [["t000.exr", "t001.exr"], []]
    assert views[0].targets[0].parent == folder
    assert not caplog.records


def test_targets_of_few_samples_are_pointed_out(tmp_path, caplog):
    folder = write_view(tmp_path / "scene/view000", spp=64)
    other_frame(folder / "t000.exr", spp=4)
    assert len(find_views(tmp_path)[0].targets) == 1
    assert len(warnings_naming(caplog, "no more samples")) == 1


@pytest.mark.parametrize("damage", ["cut in its header", "of another size", "without albedo", "of another spp"])
def test_a_broken_target_is_left_out_with_one_warning(tmp_path, caplog, damage):
    folder = write_view(tmp_path / "scene/view000", targets=3)
    DAMAGES[damage](folder / "t001.exr")
    if damage == "of another spp":
        other_frame(folder / "t001.exr", spp=4)  # as many as realizations have, and not what its siblings have
    view = find_views(tmp_path)[0]
    assert [file.name for file in view.targets] == ["t000.exr", "t002.exr"]
    assert len(view.realizations) == 2
    assert len(warnings_naming(caplog, "t001.exr")) == 1


def test_a_view_left_with_one_frame_is_skipped_and_others_serve(tmp_path, caplog):
    poor = write_view(tmp_path / "poor/view000")
    write_view(tmp_path / "good/view000")
    truncate(poor / "r001.exr", 0.005)
    assert [view.folder.parent.name for view in find_views(tmp_path)] == ["good"]
    assert warnings_naming(caplog, "poor")


def test_views_whose_pixels_are_broken_are_passed_over_while_drawing(tmp_path):
    poor = write_view(tmp_path / "poor/view000", picture(64, 64))
    truth = picture(64, 64)
    write_view(tmp_path / "good/view000", truth)
    truncate(poor / "r001.exr", 0.5)
    dataset = CropDataset(find_views(tmp_path), crop=32)
    assert dataset.batch(0, 10).target.isfinite().all()
    for path in poor.iterdir():
        path.unlink()
    shutil.rmtree(tmp_path / "good")
    nothing = CropDataset(dataset.views, crop=32)
    with pytest.raises(DataError, match="no view is left"):
        nothing[0]


@pytest.mark.parametrize("content", ["empty", "one frame", "only text", "only references"])
def test_nothing_usable_is_an_error_that_says_what_was_looked_for(tmp_path, content):
    if content == "one frame":
        write_view(tmp_path / "a/view000", realizations=1)
    elif content == "only text":
        for k in range(3):
            (tmp_path / f"r{k:03d}.exr").write_text("no")
    elif content == "only references":
        write_view(tmp_path / "a/view000", realizations=0, references=True)
    with pytest.raises(DataError) as caught:
        find_views(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "r000.exr" in str(caught.value)


def test_a_missing_folder_says_how_to_make_one(tmp_path):
    with pytest.raises(DataError, match="mcdenoise render"):
        find_views(tmp_path / "nowhere")


def test_references_are_found_one_or_both_halves(tmp_path):
    write_view(tmp_path / "both/view000", references=True)
    write_view(tmp_path / "half/view000", references=True)
    write_view(tmp_path / "none/view000")
    (tmp_path / "half/view000/ref_b.exr").unlink()
    found = {view.folder.parent.name: [path.name for path in view.references] for view in find_views(tmp_path)}
    assert found == {"both": ["ref_a.exr", "ref_b.exr"], "half": ["ref_a.exr"], "none": []}


def test_validation_scenes_are_never_trained_on(tmp_path):
    for scene in "abc":
        write_view(tmp_path / scene / "view000", split="validation" if scene == "b" else "train")
    training, measuring = split_views(find_views(tmp_path))
    assert [view.folder.parent.name for view in training] == ["a", "c"]
    assert [view.folder.parent.name for view in measuring] == ["b"]


def test_only_validation_scenes_are_an_error(tmp_path):
    write_view(tmp_path / "a/view000", split="validation")
    with pytest.raises(DataError, match="never trained on"):
        split_views(find_views(tmp_path))


@pytest.mark.parametrize("count", [1, 2, 3, 10, 25])
def test_without_marked_scenes_some_views_are_kept_for_measuring(tmp_path, count):
    tiny = picture(8, 8)
    for k in range(count):
        write_view(tmp_path / f"scene/view{k:03d}", tiny)
    views = find_views(tmp_path)
    training, measuring = split_views(views)
    assert training
    assert not set(training) & set(measuring)
    assert set(training) | set(measuring) == set(views)
    assert len(measuring) == (0 if count == 1 else max(1, -(-count // 10)))
