import numpy as np
import pytest
import torch
from synthetic import picture, write_constants, write_view

from mcdenoise.data import CropDataset, find_views
from mcdenoise.errors import DataError
from mcdenoise.exr import read_frame, write_frame
from mcdenoise.frame import Frame
from mcdenoise.tonemap import exposure

HALF = 2**-11  # what a value may change by in the cache, of itself


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.tensors(), other.tensors(), strict=True))


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    folder = tmp_path_factory.mktemp("renders")
    write_view(folder / "a/view000", picture(48, 40, 1), realizations=2, seed=1)
    write_view(folder / "b/view000", picture(40, 64, 2), realizations=4, seed=2)
    return find_views(folder)


@pytest.fixture(scope="module")
def functional_views(tmp_path_factory):
    """Noiseless frames: radiance is twice the albedo, and |normal| is the albedo, so every place knows its values."""
    folder = tmp_path_factory.mktemp("functional")
    rng = np.random.default_rng(3)
    albedo = rng.permutation(48 * 40 * 3).reshape(48, 40, 3) % 997 / 1024  # half holds these exactly
    frame = Frame(np.float32(2 * albedo), np.float32(albedo), np.float32(albedo * rng.choice([-1, 1], albedo.shape)))
    for k in range(2):
        write_frame(folder / f"r{k:03d}.exr", frame)
    return find_views(folder)


def test_an_example_is_the_same_whenever_it_is_asked_for(views):
    dataset, again = CropDataset(views, crop=32, seed=4), CropDataset(views, crop=32, seed=4)
    forward = [dataset[i] for i in range(12)]
    backward = [again[i] for i in reversed(range(12))][::-1]
    assert all(same(one, other) for one, other in zip(forward, backward, strict=True))
    assert same(again.batch(3, 4), dataset.batch(3, 4))
    assert torch.equal(again.batch(3, 4).target[2], forward[5].target)


def test_examples_differ_by_number_and_by_seed(views):
    dataset, other = CropDataset(views, crop=32, seed=4), CropDataset(views, crop=32, seed=5)
    examples = [dataset[i] for i in range(12)] + [other[i] for i in range(12)]
    assert len({example.radiance.numpy().tobytes() for example in examples}) == 24


def split_of(example, frames):
    """Which frames of value 2^k, k < `frames`, are in the input's mean and which in the target's."""
    for count in range(1, frames):
        ours = float(example.radiance.mean()) * count
        theirs = float(example.target.mean()) * (frames - count)
        bits = round(ours), round(theirs)
        whole = abs(ours - bits[0]) < 1e-3 and abs(theirs - bits[1]) < 1e-3
        if whole and sum(bits) == 2**frames - 1 and bits[0].bit_count() == count and not bits[0] & bits[1]:
            return bits
    raise AssertionError("input and target are not means of disjoint halves of all the realizations")


class Unexposed(CropDataset):
    """Leaves radiance as it is in the files, so that values tell realizations apart."""

    def _exposure(self, inputs):
        return 1.0


def unscaled(folder, **options):
    """A dataset that only draws views, realizations and places."""
    return Unexposed(find_views(folder), crop=16, augment=False, **options).__getitem__


def test_the_exposure_is_that_of_the_input_and_not_of_the_target(tmp_path):
    # Of constant frames the input always comes out at middle grey, whichever it is; the target keeps its ratio to it.
    dataset = CropDataset(find_views(write_constants(tmp_path, [1, 2])), crop=16, augment=False)
    examples = [dataset[i] for i in range(20)]
    assert all(float(example.radiance.mean()) == pytest.approx(0.18, rel=0.01) for example in examples)
    assert {round(float(example.target.mean() / example.radiance.mean()), 3) for example in examples} == {0.5, 2.0}


def test_both_orders_of_a_pair_occur_equally_often(tmp_path):
    example = unscaled(write_constants(tmp_path, [1, 2]))
    splits = [split_of(example(i), 2) for i in range(200)]
    assert set(splits) == {(1, 2), (2, 1)}
    # A fair coin thrown 200 times: 3.5 standard deviations are 25 throws.
    assert abs(splits.count((1, 2)) - 100) < 25


def test_input_and_target_never_share_a_realization_and_use_all(tmp_path):
    example = unscaled(write_constants(tmp_path, [1, 2, 4, 8]))
    splits = [split_of(example(i), 4) for i in range(600)]
    assert set(splits) == {(bits, 15 - bits) for bits in range(1, 15)}  # every proper subset is an input at times
    singles = sum(ours.bit_count() == 1 for ours, _ in splits) / 600
    # One realization half of the time, and in a third of the rest: 0.667; 3.5 standard deviations of that are 0.067.
    assert abs(singles - 2 / 3) < 0.067


@pytest.mark.parametrize("guided", [False, True])
def test_where_there_are_targets_one_is_the_target_another_the_guide_and_any_realizations_the_input(tmp_path, guided):
    write_constants(tmp_path, [1, 2, 4])
    example = unscaled(write_constants(tmp_path, [16, 32], prefix="t"), guided=guided)
    seen = set()
    for i in range(300):
        one = example(i)
        mean = float(one.radiance.mean())
        inputs = next(bits for bits in range(1, 8) if abs(bits / bits.bit_count() - mean) < 1e-3)
        target = float(one.target.mean())
        seen.add((inputs, target))
        if guided:
            assert {target, float(one.guide[0].mean())} == {16.0, 32.0}
    assert seen == {(inputs, target) for inputs in range(1, 8) for target in (16.0, 32.0)}


def test_beside_a_single_target_the_guide_is_all_realizations(tmp_path):
    write_constants(tmp_path, [1, 2, 4])
    example = unscaled(write_constants(tmp_path, [16], prefix="t"), guided=True)
    for i in range(20):
        assert float(example(i).target.mean()) == 16
        assert float(example(i).guide[0].mean()) == pytest.approx(7 / 3, rel=1e-3)


def test_targets_whose_pixels_are_broken_are_done_without(tmp_path):
    write_constants(tmp_path, [1, 2])
    write_constants(tmp_path, [16, 32], prefix="t")
    views = find_views(tmp_path)
    for name in ("t000.exr", "t001.exr"):
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[:-3])
        found = {round(float(Unexposed(views, crop=16, augment=False)[i].target.mean())) for i in range(40)}
        assert found == ({32} if name == "t000.exr" else {1, 2})


@pytest.mark.parametrize("count", [2, 3, 6])
def test_a_guide_has_the_input_and_half_of_what_is_left(count, tmp_path):
    example = unscaled(write_constants(tmp_path, [2**k for k in range(count)]), guided=True)
    seen = set()
    for i in range(200):
        one = example(i)
        ours, learnt, known = _realizations_of(one, count)
        left = count - ours.bit_count()
        assert learnt.bit_count() == (left + 1) // 2
        assert ours & learnt == 0
        assert known == 2**count - 1 - learnt
        seen.add(ours)
    assert seen == set(range(1, 2**count - 1)) if count < 6 else len(seen) > 30


def _realizations_of(example, frames):
    """The bits of the frames of value 2^k whose means are input, target and guide."""
    found = []
    for image in (example.radiance, example.target, example.guide[0]):
        value = float(image.mean())
        fits = [b for b in range(1, 2**frames) if abs(b / b.bit_count() - value) < 1e-3 * value]
        found.append(fits)
    # Several sets may have one mean: the only ones that fit together.
    together = [(a, b, c) for a in found[0] for b in found[1] for c in found[2] if not b & c and a & c == a]
    whole = [(a, b, c) for a, b, c in together if b | c == 2**frames - 1]
    assert len(whole) == 1
    return whole[0]


def test_a_guide_is_the_same_place_and_always_has_features(functional_views):
    dataset = CropDataset(
        functional_views, crop=32, feature_dropout=1.0, albedo_stops=0, feature_flicker=0, fireflies=0, guided=True
    )
    for i in range(20):
        batch = dataset.batch(2 * i, 2)
        radiance, albedo, normal = batch.guide
        torch.testing.assert_close(radiance, batch.radiance, rtol=0, atol=0)  # noiseless
        for feature, known in ((albedo, batch.albedo), (normal, batch.normal)):
            assert all(one.any() for one in feature)
            there = [bool(one.any()) for one in known]
            torch.testing.assert_close(feature[there], known[there], rtol=0, atol=0)
    assert CropDataset(functional_views, crop=32)[0].guide is None


@pytest.mark.parametrize("count", [2, 5])
def test_features_to_learn_from_are_those_of_the_target_s_realizations(count, tmp_path):
    """Frame k has the albedo (k + 1) / 8, the same of the normal, and a radiance of 2^k."""
    folder = tmp_path / "renders/a/view000"
    folder.mkdir(parents=True)
    for k in range(count):
        radiance, feature = (np.full((32, 32, 3), value, np.float32) for value in (2**k, (k + 1) / 8))
        write_frame(folder / f"r{k:03d}.exr", Frame(radiance, feature, feature))
    options = {"exposure_stops": 0, "feature_dropout": 0, "filter_blur": 0, "feature_flicker": 0, "fireflies": 0}
    dataset = CropDataset(find_views(tmp_path / "renders"), crop=32, guided=True, **options)
    darker = 0
    for i in range(100):
        batch = dataset.batch(i, 1)
        level = float(batch.target.mean() / batch.radiance.mean())
        sets = [frozenset(k for k in range(count) if bits >> k & 1) for bits in range(1, 2**count)]
        mean = {some: sum(2**k for k in some) / len(some) for some in sets}
        fits = [(a, b) for a in sets for b in sets if not a & b and abs(mean[b] / mean[a] - level) < 1e-3 * level]
        factor = float(batch.albedo.mean() / batch.normal.abs().mean())  # albedo is darkened in half of the examples
        darker += factor < 0.99
        found = [float(feature.abs().mean()) * 8 for feature in batch.features]
        assert found[0] == pytest.approx(found[1] * factor, rel=0.01)
        ours = float(batch.normal.abs().mean()) * 8
        assert any(
            found[1] == pytest.approx(sum(b) / len(b) + 1, rel=0.01)
            and ours == pytest.approx(sum(a) / len(a) + 1, rel=0.01)
            for a, b in fits
        )
    assert 25 < darker < 75


def test_features_that_are_missing_are_missing_in_what_is_learnt_from_too(functional_views):
    dataset = CropDataset(functional_views, crop=32, feature_dropout=1.0, guided=True)
    seen = set()
    for i in range(40):
        one = dataset[i]
        there = [bool(feature.any()) for feature in (one.albedo, one.normal)]
        assert [bool(feature.any()) for feature in one.features] == there
        seen.add(tuple(there))
    assert seen == {(False, False), (True, False), (False, True)}


def test_input_and_target_have_the_truth_as_their_mean(tmp_path):
    # The left half is 1 without noise and tells the exposure; the right half is noise of mean 1.
    rng = np.random.default_rng(8)
    for view in range(60):
        (tmp_path / f"s/view{view:03d}").mkdir(parents=True)
        for k in range(3):
            radiance = np.ones((16, 16, 3), np.float32)
            radiance[:, 8:] = rng.gamma(0.5, 2.0, (16, 8, 3))  # relative variance 2
            write_frame(tmp_path / f"s/view{view:03d}/r{k:03d}.exr", Frame(radiance))
    batch = CropDataset(find_views(tmp_path), crop=16, augment=False).batch(0, 600)
    for image in (batch.radiance, batch.target):
        known = image[:, :1, :1, :1]
        mean = float((image / known)[..., 8:].mean())
        # 60 views x 3 frames x 384 values of variance 2: standard deviation 0.0054, and more as draws repeat frames.
        assert abs(mean - 1) < 0.025


def test_turns_and_permutations_apply_alike_to_all(functional_views):
    dataset = CropDataset(
        functional_views, crop=32, feature_dropout=0, filter_blur=0, albedo_stops=0, feature_flicker=0, fireflies=0
    )
    turned = set()
    for i in range(60):
        example = dataset[i]
        scale = float(example.radiance.sum() / (2 * example.albedo.sum()))
        torch.testing.assert_close(example.radiance, 2 * scale * example.albedo, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(example.target, example.radiance, rtol=1e-6, atol=0)
        places = example.normal.abs().sort(dim=0).values, example.albedo.sort(dim=0).values
        torch.testing.assert_close(*places, rtol=0, atol=0)  # its axes have a permutation of their own
        turned.add(tuple((example.albedo[:, 0, 0]).tolist()))
    assert len(turned) > 40


def test_every_turn_and_permutation_occurs(tmp_path):
    # Crops of the whole frame: only 8 turns x 6 permutations remain, and the corners and channels tell which.
    albedo = np.zeros((8, 8, 3), np.float32)
    albedo[0, 0], albedo[0, -1] = (0.25, 0.5, 0.75), (0.125, 0.375, 0.625)
    for k in range(2):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(albedo, albedo))
    dataset = CropDataset(
        find_views(tmp_path), crop=8, feature_dropout=0, filter_blur=0, albedo_stops=0, feature_flicker=0, fireflies=0
    )
    seen = {dataset[i].albedo.numpy().tobytes() for i in range(600)}
    assert len(seen) == 48  # a given one is missing from 600 draws with a chance of 3e-6


def test_blur_applies_alike_to_all_and_keeps_the_mean(functional_views, tmp_path):
    dataset = CropDataset(
        functional_views, crop=32, feature_dropout=0, filter_blur=1.0, albedo_stops=0, feature_flicker=0, fireflies=0
    )
    for i in range(20):
        example = dataset[i]
        scale = float(example.radiance.sum() / (2 * example.albedo.sum()))
        torch.testing.assert_close(example.radiance, 2 * scale * example.albedo, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(example.target, example.radiance, rtol=1e-6, atol=0)
    write_constants(tmp_path, [1, 1])
    flat = CropDataset(find_views(tmp_path), crop=16, filter_blur=1.0)[0].radiance
    torch.testing.assert_close(flat, flat[0, 0, 0].expand_as(flat), rtol=1e-5, atol=0)  # its weights add up to one


@pytest.mark.parametrize("blur", [0.0, 0.5])
def test_blur_ties_the_noise_of_neighbours_as_often_as_asked(tmp_path, blur):
    flat = Frame(np.ones((48, 48, 3), np.float32))
    write_view(tmp_path, flat)
    dataset = CropDataset(find_views(tmp_path), crop=32, filter_blur=blur)
    tied, shared = [], []
    for i in range(200):
        example = dataset[i]
        noise = example.radiance - example.radiance.mean()
        tied.append(float((noise[..., 1:] * noise[..., :-1]).mean() / noise.var()) > 0.06)
        other = example.target - example.target.mean()
        shared.append(float((noise * other).mean() / (noise.std() * other.std())))
    # 3072 independent values tie by chance with a standard deviation of 0.018, so 0.06 is seldom passed. Of blurs, 0.3
    # to 0.6 pixels, those above 0.38 tie that much: 74% of them. Three standard deviations of 200 draws are 0.1.
    assert abs(np.mean(tied) - 0.74 * blur) < (0.1 if blur else 0.01)
    assert abs(np.mean(shared)) < 0.02  # input and target stay independent (the same two frames, so not many draws)


def test_normals_are_mirrored_and_their_axes_permuted(tmp_path):
    normal = np.broadcast_to(np.float32([0.125, 0.25, 0.5]), (8, 8, 3))
    for k in range(2):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(np.ones((8, 8, 3), np.float32), None, normal))
    dataset = CropDataset(
        find_views(tmp_path), crop=8, feature_dropout=0, filter_blur=0, albedo_stops=0, feature_flicker=0, fireflies=0
    )
    assert len({tuple(dataset[i].normal[:, 0, 0].tolist()) for i in range(600)}) == 48


def test_albedo_is_darker_in_half_of_the_examples_and_radiance_is_not(functional_views):
    options = {
        "crop": 32,
        "exposure_stops": 0,
        "feature_dropout": 0,
        "filter_blur": 0,
        "feature_flicker": 0,
        "fireflies": 0,
        "guided": False,
    }
    plain, darker = (CropDataset(functional_views, albedo_stops=stops, **options) for stops in (0.0, 4.0))
    stops = []
    for i in range(400):
        before, after = plain[i], darker[i]
        for name in ("radiance", "normal", "target"):
            torch.testing.assert_close(getattr(after, name), getattr(before, name), rtol=0, atol=0)
        stops.append(float(torch.log2(after.albedo.sum() / before.albedo.sum())))
        torch.testing.assert_close(after.albedo, before.albedo * 2 ** stops[-1], rtol=1e-5, atol=0)
    as_it_was = sum(abs(stop) < 1e-6 for stop in stops)
    assert 150 < as_it_was < 250  # binomial of 400 at 1/2, with a standard deviation of 10
    assert -4.0001 < min(stops) < -3.8  # of some 200 uniform draws from 4 stops, but for a chance of e^-10


def test_exposure_changes_input_and_target_alike(functional_views):
    dataset = CropDataset(functional_views, crop=32, exposure_stops=1.0, albedo_stops=0, fireflies=0)
    middle = exposure(read_frame(functional_views[0].realizations[0]).radiance)
    plain = CropDataset(functional_views, crop=32, augment=False)[0]
    scale = float(plain.radiance.sum() / (2 * plain.albedo.sum()))
    assert scale == pytest.approx(middle, rel=1e-5)  # values of 11 bits, which the cache holds exactly
    stops = []
    for i in range(200):
        example = dataset[i]
        torch.testing.assert_close(example.target, example.radiance, rtol=1e-6, atol=0)
        if example.albedo.any():
            stops.append(float(torch.log2(example.radiance.sum() / (2 * example.albedo.sum()) / middle)))
    # Uniform on [-1, 1]: of some 180 draws the outermost lie within 0.1 of the ends but for a chance of 1e-4.
    assert -1.0001 < min(stops) < -0.9
    assert 0.9 < max(stops) < 1.0001


def test_frames_smaller_than_the_crop_are_mirrored_to_its_size(tmp_path):
    write_view(tmp_path, picture(10, 7), realizations=2)
    dataset = CropDataset(find_views(tmp_path), crop=32, augment=False, multiple=32)
    example = dataset[0]
    frames = [read_frame(path).radiance for path in dataset.views[0].realizations]
    mirrored = [np.pad(f, [(0, 22), (0, 25), (0, 0)], mode="symmetric").transpose(2, 0, 1) for f in frames]
    scales = [exposure(frame) for frame in frames]
    order = 0 if np.allclose(example.radiance, mirrored[0] * scales[0], rtol=HALF) else 1
    np.testing.assert_allclose(example.radiance, mirrored[order] * scales[order], rtol=HALF)
    np.testing.assert_allclose(example.target, mirrored[1 - order] * scales[order], rtol=HALF)
    assert [tuple(tensor.shape) for tensor in dataset[1].tensors()] == [(3, 32, 32)] * 4
    np.testing.assert_array_equal(example.albedo[:, :10, 7:14], example.albedo[:, :10, :7].flip(2))


def test_crops_are_no_higher_than_most_views(tmp_path):
    """Of views of 24 x 40, two of them standing, and one that is tiny: whole ones, and all of a batch lie or stand."""
    rng = np.random.default_rng(5)
    for name, shape in {"a": (24, 40), "b": (40, 24), "c": (24, 40), "d": (40, 24), "tiny": (3, 3)}.items():
        (tmp_path / name).mkdir()
        places = rng.permutation(shape[0] * shape[1]).reshape(*shape, 1) / 1024  # exact in half floats
        albedo = np.float32(places.repeat(3, axis=2))
        for k in range(2):
            write_frame(tmp_path / name / f"r{k:03d}.exr", Frame(albedo, albedo))
    options = {
        "crop": 32,
        "feature_dropout": 0,
        "filter_blur": 0,
        "feature_flicker": 0,
        "fireflies": 0,
        "albedo_stops": 0,
        "multiple": 8,
    }
    dataset = CropDataset(find_views(tmp_path), **options)
    shapes = []
    for i in range(40):
        batch = dataset.batch(4 * i, 4)
        shapes.append(tuple(batch.albedo.shape[2:]))
        assert same(batch, dataset.batch(4 * i, 4))
        whole = [one[0] for one in batch.albedo if one.max() > 9 / 1024]
        assert all(one.unique().numel() == one.numel() for one in whole)  # no place is there twice
    assert set(shapes) == {(24, 32), (32, 24)}
    # 40 fair draws: a standard deviation of 3.2.
    assert abs(shapes.count((24, 32)) - 20) < 13
    plain = CropDataset(find_views(tmp_path), augment=False, **options)
    assert {tuple(plain.batch(4 * i, 4).radiance.shape) for i in range(10)} == {(4, 3, 24, 32)}
    assert CropDataset(find_views(tmp_path), crop=16)[0].radiance.shape == (3, 16, 16)
    # To multiples of 16 there are 16 x 32; of 32 no less than one.
    assert CropDataset(find_views(tmp_path), crop=64, multiple=16, augment=False)[0].radiance.shape == (3, 16, 32)
    assert CropDataset(find_views(tmp_path), crop=64, multiple=32, augment=False)[0].radiance.shape == (3, 32, 32)


def test_radiance_and_target_are_linear(tmp_path):
    # A ramp over five decades: any curve on it would bend it.
    ramp = np.float32(np.logspace(-2, 3, 32 * 32)).reshape(32, 32, 1).repeat(3, axis=2)
    for k in range(2):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(ramp))
    example = CropDataset(find_views(tmp_path), crop=32, augment=False)[0]
    for image in (example.radiance, example.target):
        ratio = image / torch.from_numpy(ramp.transpose(2, 0, 1).copy())
        torch.testing.assert_close(ratio, ratio[0, 0, 0].expand_as(ratio), rtol=2 * HALF, atol=0)


def test_features_go_missing_as_often_as_asked(tmp_path):
    truth = picture(8, 8)
    for k in range(2):
        write_frame(tmp_path / f"r{k:03d}.exr", truth)
    dataset = CropDataset(find_views(tmp_path), crop=8, feature_dropout=0.3)
    examples = [dataset[i] for i in range(900)]
    seen = [(bool(e.albedo.any()), bool(e.normal.any())) for e in examples]
    # A share of 0.1 in 900 draws has a standard deviation of 0.01: 3.5 of them.
    for missing in ((False, True), (True, False), (False, False)):
        assert abs(seen.count(missing) / 900 - 0.1) < 0.035
    never = CropDataset(find_views(tmp_path), crop=8, feature_dropout=0)
    assert all(never[i].albedo.any() and never[i].normal.any() for i in range(50))


def test_a_reference_is_the_target_if_asked_for(tmp_path):
    write_constants(tmp_path / "with", [1, 2, 4])
    write_constants(tmp_path / "with", [10, 30], prefix="ref")
    write_constants(tmp_path / "without", [100, 200])
    example = unscaled(tmp_path, target="reference")
    inputs = set()
    for i in range(100):
        found = example(i)
        assert float(found.target.mean()) == pytest.approx(20, rel=1e-5)
        inputs.add(round(float(found.radiance.mean()), 3))
    assert inputs == {1, 2, 4, 1.5, 2.5, 3, 2.333}  # all realizations together, too: none is needed as a target


def test_references_are_not_decoded_without_need(tmp_path, caplog):
    folder = write_view(tmp_path, references=True)
    reference = folder / "ref_a.exr"
    reference.write_bytes(reference.read_bytes()[:-100])
    CropDataset(find_views(tmp_path), crop=32)[0]
    assert not [record for record in caplog.records if "ref_a" in record.getMessage()]
    with pytest.raises(DataError):
        CropDataset(find_views(tmp_path), crop=32, target="reference")[0]


def test_references_that_are_not_there_are_an_error(views):
    with pytest.raises(DataError, match="--reference-spp"):
        CropDataset(views, target="reference")
