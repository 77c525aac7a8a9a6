"""The arithmetic of crops, against the same written plainly in NumPy; and the same on a GPU, where there is one."""

import dataclasses

import numpy as np
import pytest
import torch
from synthetic import write_view

from mcdenoise.data import CropDataset, find_views
from mcdenoise.data.cache import FrameCache
from mcdenoise.data.cut import ORDERS, Cut
from mcdenoise.data.cutting import cut
from mcdenoise.data.device_cutting import cut_on_device
from mcdenoise.data.stored import decode
from mcdenoise.exr import read_frame, write_frame


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Five realizations, one of them with a firefly that half floats alone could not hold."""
    folder = write_view(tmp_path_factory.mktemp("view"), realizations=5)
    frame = read_frame(folder / "r003.exr")
    frame.radiance[20, 30, 1] = 3e6
    write_frame(folder / "r003.exr", frame)
    return sorted(folder.glob("*.exr"))


SQUARE, LYING = (32, 32), (24, 32)


def plainly(one, frames, targets, size):
    """The twelve planes of the crop `one` of true frames, in float64."""
    height, width = size[::-1] if one.turn & 4 else size
    rows, columns = np.arange(one.top, one.top + height), np.arange(one.left, one.left + width)

    def mean(kind, many):
        image = np.mean([getattr(frame, kind).astype(np.float64) for frame in many], axis=0)[np.ix_(rows, columns)]
        if one.sigma:
            edge = np.exp(-0.5 / one.sigma**2)
            for axis in (0, 1):
                padded = np.pad(image, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
                parts = [np.take(padded, np.arange(image.shape[axis]) + k, axis) for k in range(3)]
                image = (edge * parts[0] + parts[1] + edge * parts[2]) / (1 + 2 * edge)
        return image

    colours, axes = ORDERS[one.colours], ORDERS[one.axes]
    signs = [1 - 2 * ((one.signs >> (2 - k)) & 1) for k in range(3)]
    images = [
        mean("radiance", frames)[..., colours] * one.exposure,
        mean("albedo", frames)[..., colours] * one.albedo,
        mean("normal", frames)[..., axes] * signs * one.normal,
        mean("radiance", targets)[..., colours] * one.exposure,
    ]
    if one.turn & 1:
        images = [image[::-1] for image in images]
    if one.turn & 2:
        images = [image[:, ::-1] for image in images]
    if one.turn & 4:
        images = [image.transpose(1, 0, 2) for image in images]
    return [image.transpose(2, 0, 1) for image in images]


def some_cuts(files, device="cpu"):
    """(cuts of every turn, permutation, mirror, blur and number of frames; which frames each is of)."""
    stored = [decode(file).to(torch.device(device)) for file in files]
    rng = np.random.default_rng(4)
    cuts, chosen = [], []
    for i in range(48):
        order = rng.permutation(5).tolist()
        taken = int(rng.integers(1, 5))
        inputs, targets = order[:taken], order[taken:]
        place = rng.integers(0, 32, 2)
        cuts.append(
            Cut(
                tuple(stored[k] for k in inputs),
                tuple(stored[k] for k in targets),
                *map(int, place),
                exposure=float(rng.uniform(0.1, 3)),
                sigma=0.0 if i % 3 else 0.5,
                colours=i % 6,
                axes=(i // 6 + i) % 6,
                signs=i % 8,
                turn=(i // 2) % 8,
                albedo=i % 7 != 0,
                normal=i % 5 != 0,
            )
        )
        chosen.append((inputs, targets))
    return cuts, chosen


@pytest.mark.parametrize("size", [SQUARE, LYING])
def test_crops_are_what_plain_arithmetic_says(size, files):
    frames = [read_frame(file) for file in files]
    cuts, chosen = some_cuts(files)
    batch = cut(cuts, size)
    assert batch.radiance.shape == (48, 3, *size)
    for i, (one, (inputs, targets)) in enumerate(zip(cuts, chosen, strict=True)):
        expected = plainly(one, [frames[k] for k in inputs], [frames[k] for k in targets], size)
        fireflies = 3 in inputs, False, False, 3 in targets
        for found, image, bright in zip(batch[i].tensors(), expected, fireflies, strict=True):
            # Half floats are off by 2^-11 of a value; beside a firefly of 3e6 by 2^-40 of that, and float32 sums too.
            slack = 2 * one.exposure if bright else 1e-6
            np.testing.assert_allclose(found, image, rtol=2**-10, atol=slack * (3e6 * 2**-24 if bright else 1))


@pytest.mark.parametrize("size", [SQUARE, LYING])
def test_torch_and_numba_make_the_same_crops(size, files):
    """What a GPU does, done here: the same sums, in another order."""
    cuts, _ = some_cuts(files)
    images = torch.empty(4, len(cuts), 3, *size)
    cut_on_device(cuts, images)
    for image, other in zip(images, cut(cuts, size).tensors(), strict=True):
        torch.testing.assert_close(image, other, rtol=1e-5, atol=1e-5)


def test_one_crop_is_the_same_alone_and_among_others(files):
    cuts, _ = some_cuts(files)
    together = cut(cuts, LYING)
    for i in (0, 17, 47):
        alone = cut([cuts[i]], LYING)
        assert all(torch.equal(a[0], b) for a, b in zip(alone.tensors(), together[i].tensors(), strict=True))


def test_memory_is_used_again_only_once_nobody_holds_it(files):
    cuts, _ = some_cuts(files)
    kept = cut(cuts[:2], SQUARE)
    before = [tensor.clone() for tensor in kept.tensors()]
    part = cut(cuts[2:4], SQUARE)[1].target  # a view of a view holds it too
    truth = part.clone()
    for i in range(30):
        cut(cuts[i : i + 2], SQUARE)
    assert all(torch.equal(a, b) for a, b in zip(kept.tensors(), before, strict=True))
    assert torch.equal(part, truth)
    places = set()
    for _ in range(10):
        places.add(cut(cuts[:2], SQUARE).radiance.data_ptr())
    assert len(places) <= 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_crops_on_a_gpu_are_those_of_the_processor(files):
    here, there = cut(some_cuts(files)[0], LYING), cut(some_cuts(files, "cuda")[0], LYING)
    for one, other in zip(here.tensors(), there.tensors(), strict=True):
        assert other.is_cuda
        torch.testing.assert_close(other.cpu(), one, rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_a_dataset_on_a_gpu_draws_the_same_examples(files):
    views = find_views(files[0].parent)
    here, there = (CropDataset(views, crop=32, cache=FrameCache(2**28, place)) for place in ("cpu", "cuda"))
    for one, other in zip(here.batch(0, 16).tensors(), there.batch(0, 16).tensors(), strict=True):
        torch.testing.assert_close(other.cpu(), one, rtol=1e-5, atol=1e-4)


def test_all_arithmetic_stays_on_the_device_of_the_frames(files):
    # The meta device computes shapes only, and refuses to mix with others: what would break on a GPU breaks on it.
    cuts, _ = some_cuts(files)
    moved = [
        dataclasses.replace(
            one,
            inputs=tuple(frame.to(torch.device("meta")) for frame in one.inputs),
            targets=tuple(frame.to(torch.device("meta")) for frame in one.targets),
        )
        for one in cuts
    ]
    for size in (LYING, (80, 96)):
        batch = cut(moved, size)
        assert all((t.device.type, tuple(t.shape)) == ("meta", (48, 3, *size)) for t in batch.tensors())
