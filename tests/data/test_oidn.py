"""Folders in the naming of OIDN's training toolkit: read as they are, and written from ours."""

import logging
import re
from collections import defaultdict

import numpy as np
import pytest
import torch
from command_line import everything_below, run
from synthetic import noisy, picture, small_options, write_view

from mcdenoise.data import CropDataset, find_views
from mcdenoise.data.export_oidn import export, plan
from mcdenoise.data.stored import decode
from mcdenoise.errors import DataError
from mcdenoise.exr import read_attributes, read_frame, read_three_planes, write_image
from mcdenoise.frame import mean_frame
from mcdenoise.training import train

# As the toolkit's documentation has it.
OFFICIAL = re.compile(r".+_([0-9]+(spp)?|ref|reference|gt|target)\.(hdr|ldr|sh1[xyz]|alb|nrm)\.exr")


def toolkit_groups(folder):
    """View -> (noisy images, reference), grouped as the toolkit's documentation says."""
    groups = defaultdict(set)
    for path in folder.rglob("*.exr"):
        assert OFFICIAL.fullmatch(path.name), path.name
        image = str(path.relative_to(folder)).rsplit(".", 2)[0]
        groups[image.rsplit("_", 1)[0]].add(image)
    return {view: (sorted(images)[:-1], sorted(images)[-1]) for view, images in groups.items()}


def write_theirs(
    folder, view="view1", spps=(4, 8), reference="ref", features=True, size=(48, 56), seed=0, **attributes
):
    """Images of one view as another renderer writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = picture(*size, seed)
    rng = np.random.default_rng(seed)
    names = [f"{view}_{spp:04d}spp" for spp in spps] + ([f"{view}_{reference}"] if reference else [])
    for name, spp in zip(names, [*spps, 4096], strict=False):
        frame = noisy(truth, rng, spp)
        write_image(folder / f"{name}.hdr.exr", frame.radiance, attributes)
        if features:
            write_image(folder / f"{name}.alb.exr", frame.albedo, attributes)
            write_image(folder / f"{name}.nrm.exr", frame.normal, attributes)
    return truth


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


# Reading theirs


@pytest.mark.parametrize("reference", ["ref", "reference", "gt", "target", "REF"])
def test_a_folder_in_their_naming_is_a_dataset(tmp_path, reference):
    write_theirs(tmp_path / "scene1", "view1", reference=reference)
    write_theirs(tmp_path / "scene1", "view2", spps=(1,), reference=reference, seed=1)
    write_theirs(tmp_path, "scene2", spps=(16, 64, 128), reference=reference, seed=2)
    views = find_views(tmp_path)
    found = {str(view.folder.relative_to(tmp_path)): view for view in views}
    assert sorted(found) == ["scene1/view1", "scene1/view2", "scene2"]
    assert [len(found[name].realizations) for name in sorted(found)] == [2, 1, 3]
    assert all(view.size == (56, 48) and len(view.references) == 1 and not view.independent for view in views)
    batch = CropDataset(views, crop=32, target="reference", augment=False).batch(0, 12)
    assert all(tensor.isfinite().all() for tensor in batch.tensors())
    assert batch.albedo.any()
    assert batch.normal.min() < 0  # normals are in [-1, 1] in these files


def test_their_channels_are_the_input_and_the_single_reference_is_the_target(tmp_path):
    truth = write_theirs(tmp_path, spps=(4,))
    view = find_views(tmp_path)[0]
    example = CropDataset([view], crop=48, target="reference", augment=False)[0]
    stored = decode(view.realizations[0])
    left = next(x for x in range(9) if torch.equal(stored.pixels[3:6, :48, x : x + 48].float(), example.albedo))
    window = np.s_[:48, left : left + 48]
    np.testing.assert_allclose(example.albedo.permute(1, 2, 0), truth.albedo[window], atol=1e-3)
    np.testing.assert_allclose(example.normal.permute(1, 2, 0), truth.normal[window], atol=1e-3)
    radiance = read_frame(view.realizations[0]).radiance[window]
    np.testing.assert_allclose(example.radiance.permute(1, 2, 0) / stored.exposure, radiance, rtol=1e-3)
    reference = read_frame(view.references[0]).radiance[window]
    np.testing.assert_allclose(example.target.permute(1, 2, 0) / stored.exposure, reference, rtol=1e-3)


def test_images_at_different_spp_are_never_each_other_s_targets(tmp_path):
    write_theirs(tmp_path, spps=(4, 8, 16))
    views = find_views(tmp_path)
    with pytest.raises(DataError, match=r"may share samples.*--target reference"):
        CropDataset(views, crop=32)
    # Nor averaged as if they were independent: the input is one of them at a time.
    example = CropDataset(views, crop=48, target="reference", augment=False, seed=3)
    stored = [decode(file) for file in views[0].realizations]
    for i in range(20):
        found = example[i]
        assert any(
            np.allclose(found.radiance, s.pixels[:3, :48, x : x + 48].float() * s.scale * s.exposure, rtol=1e-5)
            for s in stored
            for x in range(9)
        )


def test_without_a_reference_s_name_the_most_samples_are_the_reference(tmp_path):
    write_theirs(tmp_path, spps=(4, 16, 8192), reference=None)
    (view,) = find_views(tmp_path)
    assert [path.name for path in view.references] == ["view1_8192spp.hdr.exr"]
    assert [path.name for path in view.realizations] == ["view1_0004spp.hdr.exr", "view1_0016spp.hdr.exr"]


def test_a_lone_noisy_image_is_no_view(tmp_path, caplog):
    write_theirs(tmp_path, spps=(4,), reference=None)
    with pytest.raises(DataError, match="nothing to train on"):
        find_views(tmp_path)
    assert len(warnings(caplog)) == 1
    assert "view1_ref.hdr.exr" in warnings(caplog)[0]


def test_other_features_and_missing_ones_do_no_harm(tmp_path, caplog):
    truth = write_theirs(tmp_path, features=False)
    for name in ("view1_0004spp.ldr.exr", "view1_0004spp.sh1x.exr", "view1_ref.ldr.exr"):
        write_image(tmp_path / name, truth.albedo, {})
    (tmp_path / "preview.hdr.exr").write_text("no name of theirs")
    (view,) = find_views(tmp_path)
    assert len(view.realizations) == 2
    example = CropDataset([view], crop=32, target="reference", feature_dropout=0)[0]
    assert not example.albedo.any()
    assert not caplog.records


@pytest.mark.parametrize("damage", ["size", "features", "header", "pixels", "albedo"])
def test_a_broken_image_is_left_out_with_one_warning(tmp_path, caplog, damage):
    write_theirs(tmp_path, spps=(4, 8, 16))
    image = tmp_path / "view1_0008spp.hdr.exr"
    if damage == "size":
        write_image(image, picture(32, 40).radiance, {})
    elif damage == "features":
        (tmp_path / "view1_0008spp.nrm.exr").unlink()
    elif damage == "header":
        image.write_bytes(image.read_bytes()[:50])
    elif damage == "pixels":
        image.write_bytes(image.read_bytes()[:-80])
    else:
        write_image(tmp_path / "view1_0008spp.alb.exr", picture(32, 40).radiance, {})
    views = find_views(tmp_path)
    dataset = CropDataset(views, crop=32, target="reference", seed=1)
    assert dataset.batch(0, 24).radiance.isfinite().all()
    assert len(warnings(caplog)) == 1
    assert "view1_0008spp" in warnings(caplog)[0]


def test_train_just_works_on_it_and_measures_against_the_reference(tmp_path):
    for k in range(3):
        write_theirs(tmp_path / "data/s", f"view{k}", seed=k)
    result = train(tmp_path / "data", tmp_path / "run", small_options(steps=3, target="reference"), "cpu")
    assert result.validation_kind == "reference"
    assert result.validation > 0
    with pytest.raises(DataError, match="--target reference"):
        train(tmp_path / "data", tmp_path / "other", small_options(steps=3), "cpu")


@pytest.mark.parametrize("names", ["RGB", "XYZ", "layer"])
def test_three_planes_are_found_by_either_letters(tmp_path, names):
    import OpenEXR

    planes = [np.full((3, 4), k, np.float32) for k in range(3)]
    channels = [f"layer.{c}" for c in "XYZ"] if names == "layer" else list(names)
    OpenEXR.File({}, dict(zip(channels, planes, strict=True))).write(str(tmp_path / "a.exr"))
    assert [float(plane[0, 0]) for plane in read_three_planes(tmp_path / "a.exr")] == [0, 1, 2]


# Writing ours


@pytest.fixture
def renders(tmp_path):
    write_view(tmp_path / "renders/a/view000", picture(40, 48, 1), realizations=3, spp=8, seed=1, references=True)
    write_view(tmp_path / "renders/a/view001", picture(40, 48, 2), realizations=2, spp=8, seed=2, references=True)
    write_view(
        tmp_path / "renders/b/view000", picture(32, 32, 3), 2, spp=1, seed=3, references=True, split="validation"
    )
    return tmp_path / "renders"


def exported(renders, out):
    images, without = plan(renders, out)
    results = list(export(images))
    assert all(result.error is None for result in results)
    return len(results), without


def test_what_is_exported_has_their_names_their_groups_and_their_ranges(renders, tmp_path):
    assert exported(renders, tmp_path / "out") == (10, 0)
    groups = toolkit_groups(tmp_path / "out")
    assert {view: len(images) for view, (images, _) in groups.items()} == {
        "a/view000": 3,
        "a/view001": 2,
        "b/view000": 2,
    }
    for view, (images, reference) in groups.items():
        assert reference == f"{view}_ref"
        spps = {int(image.rsplit("_", 1)[1].removesuffix("spp")) for image in images}
        assert spps == {1 if view.startswith("b") else 8}
        for image in [*images, reference]:
            for feature, low in (("hdr", 0), ("alb", 0), ("nrm", -1)):
                path = tmp_path / "out" / f"{image}.{feature}.exr"
                assert read_attributes(path)["channels"] == ["B", "G", "R"]
                planes = np.stack(read_three_planes(path))
                assert planes.dtype == (np.float32 if feature == "hdr" else np.float16)
                assert planes.min() >= low
                assert feature == "hdr" or planes.max() <= 1


def test_what_is_exported_reads_back_as_the_same_pixels(renders, tmp_path):
    exported(renders, tmp_path / "out")
    ours, theirs = find_views(renders), find_views(tmp_path / "out")
    assert [view.independent for view in theirs] == [True] * 3
    assert [view.split for view in theirs] == [view.split for view in ours]
    for one, other in zip(ours, theirs, strict=True):
        assert str(one.folder.relative_to(renders)) == str(other.folder.relative_to(tmp_path / "out"))
        assert len(one.realizations) == len(other.realizations)
        by_number = {read_attributes(file)["realization"]: file for file in other.realizations}
        for file in one.realizations:
            before, after = decode(file), decode(by_number[file.stem])
            assert torch.equal(before.pixels, after.pixels)
            assert (before.scale, before.exposure) == (after.scale, after.exposure)
        mean = mean_frame([read_frame(file) for file in one.references])
        np.testing.assert_array_equal(read_frame(other.references[0]).radiance, mean.radiance)
    batch = CropDataset(theirs, crop=32).batch(0, 8)  # noisy targets, as with ours
    assert batch.target.isfinite().all()


def test_export_goes_on_where_it_was_and_follows_what_changed(renders, tmp_path):
    out = tmp_path / "out"
    images, _ = plan(renders, out)
    running = export(images)
    next(running)
    running.close()  # the user's Ctrl-C
    done, _ = exported(renders, out)
    assert done < 10
    before = everything_below(out)
    times = {path: path.stat().st_mtime_ns for path in before}
    assert exported(renders, out)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in before} == times
    write_view(renders / "a/view001", picture(40, 48, 9), realizations=2, spp=8, seed=7)
    assert exported(renders, out)[0] == 2
    assert not list(out.rglob(".writing-*"))
    truth = decode(renders / "a/view001/r001.exr")
    assert torch.equal(decode(out / "a/view001_00008spp.hdr.exr").pixels, truth.pixels)


@pytest.mark.parametrize("place", ["", "inside", "inside/deep"])
def test_nothing_is_exported_into_the_folder_itself(renders, place):
    """Every view would be in it twice, and so could be trained on and held back at once."""
    with pytest.raises(DataError, match="lies in the folder that is exported"):
        plan(renders, renders / place)


@pytest.mark.parametrize("name", ["view000_0008spp.hdr.exr", "view000_00008spp.nrm.exr", "view000_ref.alb.exr"])
def test_foreign_files_are_not_overwritten(renders, tmp_path, name):
    (tmp_path / "out/a").mkdir(parents=True)
    write_image(tmp_path / "out/a" / name, picture(8, 8).radiance, {"owner": "somebody"})
    before = everything_below(tmp_path / "out")
    with pytest.raises(DataError, match=rf"{name}: is there and was not exported"):
        plan(renders, tmp_path / "out")
    assert everything_below(tmp_path / "out") == before


def test_a_view_without_features_or_with_a_broken_frame_is_told(renders, tmp_path):
    bad = renders / "a/view000/r001.exr"
    bad.write_bytes(bad.read_bytes()[:-70])
    images, _ = plan(renders, tmp_path / "out")
    failed = [result.error for result in export(images) if result.error]
    assert len(failed) == 1
    assert "r001.exr" in failed[0]
    assert "\n" not in failed[0]
    assert not (tmp_path / "out/a/view000_00008spp.hdr.exr").exists()


def test_the_command_writes_resumes_refuses_and_says_what_lacks(renders, tmp_path, capfd, monkeypatch):
    write_view(renders / "c/view000", picture(32, 32), seed=5)
    code, out, err = run(capfd, monkeypatch, "convert", renders, tmp_path / "out")
    assert (code, err) == (0, "")
    assert "12 images written" in out
    assert "1 views have no reference" in out
    code, out, err = run(capfd, monkeypatch, "convert", renders, tmp_path / "out")
    assert (code, err) == (0, "")
    assert "0 images written" in out
    assert "12 were there already" in out
    (tmp_path / "out/a/view000_ref.hdr.exr").write_text("theirs")
    code, out, err = run(capfd, monkeypatch, "convert", renders, tmp_path / "out")
    assert code == 1
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    code, _, err = run(capfd, monkeypatch, "convert", tmp_path / "out", tmp_path / "again")
    assert (code, err.count("\n")) == (1, 1)
    assert "OIDN's naming already" in err
    for arguments in (["nowhere", "out2"], [renders]):
        code, _, err = run(capfd, monkeypatch, "convert", *arguments)
        assert code == 2
        assert err.count("\n") == 1
    code, out, _ = run(capfd, monkeypatch, "convert", "--help")
    assert code == 0
    assert "mcdenoise convert renders data/rt_train" in out
