"""Features that are made noise: of one surface, with a mean that different renders share and noise that they do not."""

import math

import numpy as np
import pytest
import torch

from mcdenoise.data import CropDataset, find_views
from mcdenoise.data.crops import AS_RENDERED
from mcdenoise.data.flicker import Flicker
from mcdenoise.exr import write_frame
from mcdenoise.frame import Frame


def two_surfaces(height=160, width=160):
    """Albedo and normal, of one surface on the left and another on the right."""
    albedo, normal = torch.full((3, height, width), 0.25), torch.zeros(3, height, width)
    normal[0, :, : width // 2] = 1
    normal[1, :, width // 2 :] = 1
    return albedo, normal


def test_it_is_one_surface_or_all():
    _, normal = two_surfaces(32, 32)
    halves = normal[0], normal[1], torch.ones(32, 32)
    found = [
        next(i for i, half in enumerate(halves) if torch.equal(Flicker(s).surface(normal), half)) for s in range(90)
    ]
    # A third each: 30, with a standard deviation of 4.5.
    assert min(map(found.count, range(3))) > 30 - 3.5 * 4.5


def test_renders_share_its_mean_and_not_its_noise():
    """In units of the other surface's share: 25,600 pixels or half of them, so that means are certain to 0.003."""
    kinds = set()
    for seed in range(40):
        flicker = Flicker(seed)
        before, shares = two_surfaces(), []
        where = flicker.surface(before[1])
        for other, renders in ((False, 1), (True, 1), (True, 4)):
            albedo, normal = two_surfaces()
            flicker.add(albedo, normal, where, 1.0, renders, other)
            changed = [not torch.equal(image, was) for image, was in zip((albedo, normal), before, strict=True)]
            kinds.add(tuple(changed))
            was, now, to = (before[1], normal, flicker.normal) if changed[1] else (before[0], albedo, flicker.albedo)
            to = -was if to is None else torch.tensor(to, dtype=torch.float32)[:, None, None]
            share = ((now - was) * (to - was)).sum(dim=0) / (to - was).square().sum(dim=0)
            torch.testing.assert_close(now, was + share * (to - was), rtol=0, atol=1e-5)
            assert not share[where == 0].any()
            shares.append(share[where > 0].double())
        one, another, mean_of_four = shares
        expected, count = one.mean(), len(one)
        assert 0.025 < expected < 0.52
        scatter = (expected * (1 - expected)).sqrt() / math.sqrt(count)  # of one sample; each has at least that many
        assert abs(another.mean() - expected) < 6 * scatter
        assert abs(mean_of_four.mean() - expected) < 6 * scatter
        assert float(mean_of_four.var()) == pytest.approx(float(one.var()) / 4, rel=0.1)
        together = ((one - expected) * (another - expected)).mean() / one.var()
        assert abs(together) < 5 / math.sqrt(count)
    assert kinds == {(True, True), (True, False), (False, True)}


def test_what_is_missing_stays_missing():
    for seed in range(12):
        albedo, normal = torch.zeros(2, 3, 16, 16)
        Flicker(seed).add(albedo, normal, torch.ones(16, 16), 1.0, 1, False)
        assert not albedo.any()
        assert not normal.any()


@pytest.mark.parametrize("guided", [False, True])
def test_examples_have_it_as_often_as_asked_in_features_alone(tmp_path, guided):
    """The picture is what it is; of the features those of the input, and those that are learnt from."""
    rng = np.random.default_rng(0)
    albedo, normal = np.full((32, 32, 3), 0.5, np.float32), np.zeros((32, 32, 3), np.float32)
    normal[..., 2] = 1
    for k in range(3):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(rng.random((32, 32, 3), np.float32), albedo, normal))
    with_it, without = (
        CropDataset(find_views(tmp_path), crop=32, guided=guided, **(AS_RENDERED | {"feature_flicker": chance}))
        for chance in (0.25, 0.0)
    )
    count = 0
    for i in range(200):
        example, plain = with_it[i], without[i]
        assert torch.equal(example.radiance, plain.radiance)
        assert torch.equal(example.target, plain.target)
        changed = not (torch.equal(example.albedo, plain.albedo) and torch.equal(example.normal, plain.normal))
        count += changed
        if guided:
            assert all(map(torch.equal, example.guide, plain.guide))
            assert changed != all(map(torch.equal, example.features, plain.features))
            assert not changed or not torch.equal(
                example.features[0] + example.features[1], example.albedo + example.normal
            )
    assert abs(count - 50) < 3.5 * math.sqrt(200 * 0.25 * 0.75)


@pytest.mark.parametrize("missing", ["albedo", "normal"])
def test_examples_of_views_without_a_feature_have_none(tmp_path, missing):
    for k in range(3):
        features = {"albedo": np.full((32, 32, 3), 0.5, np.float32), "normal": np.full((32, 32, 3), 0.6, np.float32)}
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(np.ones((32, 32, 3), np.float32), **(features | {missing: None})))
    dataset = CropDataset(find_views(tmp_path), crop=32, guided=True, **(AS_RENDERED | {"feature_flicker": 1.0}))
    changed = 0
    for i in range(40):
        example = dataset[i]
        features = {"albedo": example.albedo, "normal": example.normal}
        assert not features.pop(missing).any()
        assert not example.features[missing == "normal"].any()
        changed += float(features.popitem()[1].std(dim=(1, 2)).max()) > 0
    assert changed > 10  # two thirds of 40 are of that feature, too


def test_crops_have_it_in_one_surface_darkened_and_with_the_noise_of_their_renders(tmp_path):
    """Input and target of 1 to 5 of 6 renders: the more, the less noise, by the law of its binomial numbers."""
    albedo, normal = (image.permute(1, 2, 0).numpy() for image in two_surfaces(64, 64))
    for k in range(6):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(np.full((64, 64, 3), 2.0**k, np.float32), albedo, normal))
    options = AS_RENDERED | {"feature_flicker": 1.0, "albedo_stops": 4.0}
    dataset = CropDataset(find_views(tmp_path), crop=64, guided=True, **options)
    sided = noisier = compared = 0
    for i in range(60):
        example = dataset[i]
        for image in (example.albedo, example.features[0]):
            # At most an albedo of one is mixed in, darkened as the example's own is.
            assert float(image.max()) <= 4 * float(image.median()) + 1e-6
        halves = [half.flatten(1).std(dim=1).max() for half in example.albedo.chunk(2, dim=int(_stands(example)) + 1)]
        sided += (halves[0] > 0) != (halves[1] > 0)
        level = float(example.target.mean() / example.radiance.mean())
        spreads = [float(one.flatten(1).std(dim=1).max()) for one in (example.albedo, example.features[0])]
        inputs, targets = _counts(level)
        if inputs != targets and min(spreads) > 1e-3:
            compared += 1
            noisier += (spreads[0] > spreads[1]) == (inputs < targets)
    assert sided > 10  # two thirds of two thirds of 60 are of one surface and of albedo
    assert compared > 10
    assert noisier == compared


def _stands(example):
    """Whether the two surfaces lie beside each other and not above: by the normals' rows and columns."""
    return bool(example.normal.mean(dim=1).std(dim=1).max() > example.normal.mean(dim=2).std(dim=1).max())


def _counts(level):
    """How many renders the input and the target are the means of; render k is as bright as 2^k."""
    found = set()
    for bits in range(1, 63):
        for other in range(1, 63):
            if not bits & other:
                mean = [sum(2**k for k in range(6) if some >> k & 1) / some.bit_count() for some in (bits, other)]
                if abs(mean[1] / mean[0] - level) < 1e-3 * level:
                    found.add((bits.bit_count(), other.bit_count()))
    return found.pop() if len(found) == 1 else (0, 0)
