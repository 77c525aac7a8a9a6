"""No two realizations of a view share random numbers."""

import itertools

import numpy as np
import pytest

from mcdenoise.errors import SceneError
from mcdenoise.rendering.seeds import MAX_PASSES, base_seed, pass_seed, scalar_seed, stream_index

# One unit of the floor is one pixel, so the position that a camera ray hits says where in the pixel its sample lay.
FLOOR = """
    <sensor type="orthographic">
        <transform name="to_world">
            <scale x="{half}" y="{half}" z="1"/><lookat origin="0, 0, 5" target="0, 0, 0" up="0, 1, 0"/>
        </transform>
        {film}
    </sensor>"""
PLANE = '<shape type="rectangle"><transform name="to_world"><scale value="1000"/></transform></shape>'


@pytest.fixture
def jitters(load):
    """jitters(width, height, seed): where in its pixel each pixel's one sample lies, on a grid of 1/4096 of a pixel."""
    import mitsuba as mi

    from mcdenoise.rendering.seeds import BLOCK

    def sample(width: int, height: int, seed: int) -> set[tuple[int, int]]:
        loaded = load(size=(width, height), sensor=FLOOR.replace("{half}", str(width / 2)), objects=PLANE)
        integrator = mi.load_dict({"type": "aov", "aovs": "p:position", "block_size": BLOCK})
        image = np.array(mi.render(loaded.scene, sensor=loaded.sensor, integrator=integrator, spp=1, seed=seed))
        offset = np.array([width / 2, height / 2])
        inside = np.mod(image[..., :2].astype(np.float64) + offset, 1.0)
        return {(int(x), int(y)) for x, y in inside.reshape(-1, 2) * 4096}

    return sample


def shared(first: set, second: set) -> float:
    """The part of the samples that both have."""
    return len(first & second) / min(len(first), len(second))


def test_neighbouring_plain_seeds_share_samples_on_a_film_that_fills_no_whole_blocks(jitters):
    """What `scalar_seed` is there for. Should this fail, Mitsuba has changed, and the spacing may be dropped."""
    assert shared(jitters(40, 40, 1000), jitters(40, 40, 1001)) > 0.1


@pytest.mark.parametrize(("width", "height"), [(40, 40), (33, 17), (65, 31), (7, 97), (32, 64)])
def test_realizations_share_no_samples(jitters, width, height):
    base = base_seed("hall", 0, 8, 0)
    renders = [jitters(width, height, scalar_seed(base, index, width, height)) for index in range(-2, 3)]
    for first, second in itertools.combinations(renders, 2):
        # Chance alone: n^2 pairs of samples on 4096^2 places; for n = 2048 that is 0.25 pairs, so 1% is far away.
        assert shared(first, second) < 0.01
    assert len(renders[0]) > 0.95 * width * height, "the samples of one render should differ, too"


@pytest.mark.parametrize(("width", "height"), [(40, 40), (33, 17), (1, 1), (1920, 1080), (31, 33)])
def test_streams_of_a_view_occupy_separate_ranges_of_the_32_bits(width, height):
    """Scalar variants start pixel p of a render at state seed * pixels + p, with p over whole blocks of 32 x 32."""
    used = -(-width // 32) * -(-height // 32) * 1024
    base = base_seed("hall", 3, 8, 1)
    starts = [scalar_seed(base, index, width, height) * width * height % 2**32 for index in range(-2, 10)]
    for first, second in itertools.permutations(starts, 2):
        assert (second - first) % 2**32 >= used


def test_more_renders_than_32_bits_hold_are_refused():
    width, height = 4096, 4096  # 2^24 pixels: 2^8 renders, of which two are kept for the reference, two for targets
    assert scalar_seed(0, 253, width, height) == 253
    with pytest.raises(SceneError, match="at most 252 independent renders of 4096 x 4096"):
        scalar_seed(0, 254, width, height)


def test_passes_and_realizations_of_the_jit_variants_all_have_seeds_of_their_own():
    base = 2**32 - 5  # wraps around
    streams = [stream_index(name) for name in ("t001", "t000", "ref_a", "ref_b", "r000", "r001", "r255")]
    seeds = [pass_seed(base, index, pass_) for index in streams for pass_ in (0, 1, 2, MAX_PASSES - 1)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_targets_references_and_realizations_are_different_streams():
    names = ["t000", "t001", "ref_a", "ref_b", *(f"r{k:03d}" for k in range(1200))]
    assert len({stream_index(name) for name in names}) == len(names)


def test_a_view_s_seeds_depend_on_all_that_it_is():
    given = [("hall", 0, 8, 0), ("hal", 0, 8, 0), ("hall", 1, 8, 0), ("hall", 0, 16, 0), ("hall", 0, 8, 1)]
    seeds = {base_seed(*one) for one in given}
    assert len(seeds) == len(given)
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert base_seed("hall", 0, 8, 0) == 1746457871  # the same on every machine and for good
