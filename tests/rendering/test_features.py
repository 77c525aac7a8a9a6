"""Features behind specular surfaces: what is seen in mirrors and through glass, and `aov` everywhere else."""

from pathlib import Path

import numpy as np
import pytest
from tiny_scenes import film_xml

from mcdenoise.rendering.discovery import find_scenes

SCENES = find_scenes([Path(__file__).resolve().parents[2] / "scenes"])

RED = '<bsdf type="diffuse"><rgb name="reflectance" value="0.8, 0.2, 0.1"/></bsdf>'
BLUE = '<bsdf type="diffuse"><rgb name="reflectance" value="0.1, 0.3, 0.7"/></bsdf>'
MIRROR = '<bsdf type="twosided"><bsdf type="conductor"><rgb name="specular_reflectance" value="{}"/></bsdf></bsdf>'
PERFECT = MIRROR.format("1, 1, 1")
PANE = '<bsdf type="thindielectric"><float name="int_ior" value="1.5"/></bsdf>'
NULL = '<bsdf type="null"/>'
LAMP = '<emitter type="constant"><rgb name="radiance" value="1, 1, 1"/></emitter>'

# The camera stands at the origin and looks along +y; z is up. Rays start 0.01 before it, at the near plane.
CAMERA = """
    <sensor type="perspective">
        <float name="fov" value="20"/>
        <transform name="to_world"><lookat origin="0, 0, 0" target="0, 1, 0" up="0, 0, 1"/></transform>
        {film}
    </sensor>"""


def wall(y, bsdf, inside="", size=50, facing=-1):
    """A wall across the view at distance y; it faces the camera, or with facing=1 looks away from it."""
    turn = 90 if facing < 0 else -90
    return f"""<shape type="rectangle">
        <transform name="to_world"><scale value="{size}"/><rotate x="1" angle="{turn}"/><translate y="{y}"/></transform>
        {bsdf}{inside}
    </shape>"""


def ball(y, bsdf, radius=0.5, inside=""):
    return f"""<shape type="sphere"><point name="center" x="0" y="{y}" z="0"/><float name="radius" value="{radius}"/>
        {bsdf}{inside}</shape>"""


@pytest.fixture
def load_in(write_scene):
    """Load a scene in a variant as the farm does: objects seen by CAMERA, a film of 8 x 8 pixels."""
    import mitsuba as mi

    from mcdenoise.rendering import scene

    def load(variant, objects, sensor=CAMERA, film=None, **parts):
        mi.set_variant(variant)
        mi.set_log_level(mi.LogLevel.Error)
        path = write_scene(objects=objects, sensor=sensor, film=film or film_xml(8, 8), **parts)
        return scene.load(path, None, "box", scene.digest(path))

    return load


@pytest.fixture
def features(llvm, load_in):
    """The features of objects seen by CAMERA: albedo `[8, 8, 3]`, normal `[8, 8, 3]`, depth `[8, 8]`."""

    def render(objects, spp=16, seed=1, variant=llvm, **parts):
        image = run(load_in(variant, objects + LAMP, **parts), spp, seed)
        return image[..., :3], image[..., 3:6], image[..., 6]

    return render


def run(loaded, spp, seed, integrator=None):
    import mitsuba as mi

    integrator = integrator or loaded.feature_integrator
    return np.array(mi.render(loaded.scene, sensor=loaded.sensor, integrator=integrator, spp=spp, seed=seed))


def plain_aov():
    import mitsuba as mi

    from mcdenoise.rendering.features import AOVS

    return mi.load_dict({"type": "aov", "aovs": AOVS})


# Mirrors


def test_a_mirror_gives_the_albedo_of_what_it_shows_times_its_tint_and_that_thing_s_own_normal(features):
    """The red wall is behind the camera, the mirror before it. The wall's own normal is +y, the mirrored one -y."""
    albedo, normal, depth = features(wall(4, MIRROR.format("0.9, 0.5, 0.25")) + wall(-3, RED, facing=1))
    # A conductor without material data reflects all, so its tint is specular_reflectance.
    np.testing.assert_allclose(albedo, np.broadcast_to([0.72, 0.1, 0.025], (8, 8, 3)), atol=1e-5)
    np.testing.assert_allclose(normal, np.broadcast_to([0, 1, 0], (8, 8, 3)), atol=1e-5)
    assert depth.min() > 3.98, "the depth is that of the mirror"
    assert depth.max() < 4.2


def test_the_normal_seen_in_a_slanted_mirror_is_not_turned(features):
    slanted = (
        """<shape type="rectangle"><transform name="to_world">
        <scale value="50"/><rotate x="1" angle="45"/><translate y="4"/></transform>"""
        + PERFECT
        + "</shape>"
    )
    floor = """<shape type="rectangle"><transform name="to_world"><scale value="90"/><translate z="-6"/></transform>"""
    ceiling = """<shape type="rectangle"><transform name="to_world">
        <scale value="90"/><rotate x="1" angle="180"/><translate z="6"/></transform>"""
    albedo, normal, _ = features(slanted + floor + RED + "</shape>" + ceiling + BLUE + "</shape>")
    up = np.allclose(albedo, [0.8, 0.2, 0.1], atol=1e-5)
    assert up or np.allclose(albedo, [0.1, 0.3, 0.7], atol=1e-5), "one of both is all that it shows"
    np.testing.assert_allclose(normal, np.broadcast_to([0, 0, 1 if up else -1], (8, 8, 3)), atol=1e-5)


def test_two_mirrors_that_face_each_other_end_after_the_bound_as_a_surface_of_albedo_one(features):
    from mcdenoise.rendering.features import MAX_EVENTS

    albedo, normal, depth = features(wall(4, MIRROR.format("0.9, 1, 1")) + wall(-3, PERFECT, facing=1))
    # Every second of the events is at the tinted mirror, the first among them.
    np.testing.assert_allclose(albedo[..., 0], 0.9 ** (MAX_EVENTS / 2), rtol=1e-4)
    np.testing.assert_allclose(albedo[..., 1:], 1, rtol=1e-5)
    np.testing.assert_allclose(np.abs(normal[..., 1]), 1, atol=1e-5)
    assert depth.max() < 4.2


def test_without_following_mirrors_and_glass_are_white_and_masks_as_they_are(llvm, load_in):
    from mcdenoise.rendering.features import seen_features

    for bsdf, expected in ((PERFECT, 1), (PANE, 1), (mask(0.5), [0.8, 0.2, 0.1])):
        loaded = load_in(llvm, wall(4, bsdf) + wall(7, BLUE) + wall(-3, BLUE, facing=1) + LAMP)
        image = run(loaded, 4, 1, seen_features(loaded.scene, max_events=0))
        np.testing.assert_allclose(image[..., :3], np.broadcast_to(expected, (8, 8, 3)), atol=1e-5)
        np.testing.assert_allclose(image[..., 3:6], np.broadcast_to([0, -1, 0], (8, 8, 3)), atol=1e-5)


def test_a_mirror_that_reflects_nothing_is_recorded_itself(features):
    """As the back of a one-sided conductor: no direction can be drawn, so there is nothing to follow."""
    back = wall(4, '<bsdf type="conductor"/>', facing=1)
    albedo, normal, _ = features(back + wall(6, RED))
    np.testing.assert_allclose(albedo, 0, atol=1e-6)
    np.testing.assert_allclose(normal, np.broadcast_to([0, 1, 0], (8, 8, 3)), atol=1e-5)


def test_a_mirror_shows_the_environment_as_the_camera_sees_it_with_zeros(features):
    albedo, normal, depth = features(wall(4, PERFECT, size=0.4))
    assert (albedo == 0).all()
    assert (normal == 0).all()
    assert depth[4, 4] > 3.9, "the mirror is there"
    assert depth[0, 0] == 0, "and beside it nothing is"


# Glass


def fresnel(cosine, eta=1.5):
    """Reflectance of a smooth dielectric, unpolarized (Fresnel's equations)."""
    inner = np.sqrt(1 - (1 - cosine**2) / eta**2)
    parallel = (eta * cosine - inner) / (eta * cosine + inner)
    across = (cosine - eta * inner) / (cosine + eta * inner)
    return (parallel**2 + across**2) / 2


def test_a_pane_gives_the_fresnel_blend_of_what_it_reflects_and_transmits(features):
    """Red before the camera behind the pane, blue behind the camera: the blend is known in closed form."""
    spp = 4096
    albedo, normal, depth = features(wall(4, PANE) + wall(7, RED) + wall(-3, BLUE, facing=1), spp=spp)
    # A pane reflects r + t^2 r / (1 - r^2) = 2 r / (1 + r), both sides and all reflections between them together.
    once = fresnel(np.cos(np.radians(10 * 0.5)))  # the pixels' mean angle; 8% hardly changes within 14 degrees
    share = 2 * once / (1 + once)
    expected = share * np.array([0.1, 0.3, 0.7]) + (1 - share) * np.array([0.8, 0.2, 0.1])
    # One pixel: share's standard deviation is sqrt(0.077 * 0.923 / 4096) = 0.0042, times at most 0.7. Five of them.
    np.testing.assert_allclose(albedo, np.broadcast_to(expected, albedo.shape), atol=5 * 0.0042 * 0.7)
    np.testing.assert_allclose(albedo.mean((0, 1)), expected, atol=5 * 0.0042 * 0.7 / 8)
    np.testing.assert_allclose(normal[..., 1], share - (1 - share), atol=5 * 0.0042 * 2)
    assert depth.min() > 3.98, "the depth is that of the pane"
    assert depth.max() < 4.2


def test_a_glass_ball_before_a_wall_shows_the_wall_and_not_its_own_normal(features):
    """The wall all around is red, so that what is reflected ends on red too."""
    room = ball(0, '<bsdf type="twosided">' + RED + "</bsdf>", radius=20)
    albedo, normal, depth = features(room + ball(5, '<bsdf type="dielectric"/>'), spp=64)
    np.testing.assert_allclose(albedo[3:5, 3:5], np.broadcast_to([0.8, 0.2, 0.1], (2, 2, 3)), atol=1e-5)
    # The room's sphere faces outwards: where the view ends its normal is +y; the ball's would be -y. Head on, two
    # boundaries reflect 4% each, towards a wall of the normal -y.
    assert normal[3:5, 3:5, 1].min() > 0.6
    np.testing.assert_allclose(depth[3:5, 3:5], 4.5, atol=0.05)


def test_a_thing_inside_of_glass_keeps_its_colour(features):
    """Radiance is scaled by the squared index at a boundary; an albedo times that would be 0.36 of this."""
    inside = ball(5, RED, radius=0.3) + ball(5, '<bsdf type="dielectric"/>', radius=0.5)
    albedo, _, _ = features(inside + wall(-3, RED, facing=1), spp=64)
    np.testing.assert_allclose(albedo[3:5, 3:5], np.broadcast_to([0.8, 0.2, 0.1], (2, 2, 3)), atol=1e-5)


def test_tinted_glass_tints_what_is_seen_through_it(features):
    tinted = '<bsdf type="thindielectric"><rgb name="specular_transmittance" value="0.5, 1, 1"/></bsdf>'
    clear, _, _ = features(wall(4, PANE) + wall(7, RED) + wall(-3, RED, facing=1), spp=256)
    albedo, _, _ = features(wall(4, tinted) + wall(7, RED) + wall(-3, RED, facing=1), spp=256)
    np.testing.assert_allclose(clear, np.broadcast_to([0.8, 0.2, 0.1], (8, 8, 3)), atol=1e-5)
    np.testing.assert_allclose(albedo[..., 1:], clear[..., 1:], atol=1e-5)
    assert 0.5 * 0.8 < albedo[..., 0].mean() < 0.6 * 0.8  # some 8% are reflected and keep their red


def test_rough_glass_is_not_followed(features):
    rough = '<bsdf type="roughdielectric"><float name="alpha" value="0.05"/></bsdf>'
    _, normal, _ = features(wall(4, rough) + wall(-3, RED, facing=1) + wall(7, PERFECT))
    np.testing.assert_allclose(normal, np.broadcast_to([0, -1, 0], (8, 8, 3)), atol=1e-5)


def test_plastic_has_a_diffuse_part_and_is_recorded_itself(features, llvm, load_in):
    plastic = '<bsdf type="plastic"><rgb name="diffuse_reflectance" value="0.3, 0.6, 0.2"/></bsdf>'
    objects = wall(4, plastic) + wall(-3, PERFECT, facing=1) + LAMP
    loaded = load_in(llvm, objects)
    np.testing.assert_array_equal(run(loaded, 16, 1), run(loaded, 16, 1, plain_aov()))


# Masks, media, emitters


def mask(opacity, inside=RED):
    return f'<bsdf type="mask"><float name="opacity" value="{opacity}"/>{inside}</bsdf>'


def test_the_holes_of_a_mask_show_what_is_behind_in_albedo_normal_and_depth(features):
    spp = 4096
    albedo, normal, depth = features(wall(4, mask(0.25)) + wall(7, BLUE, facing=1), spp=spp)
    expected = 0.25 * np.array([0.8, 0.2, 0.1]) + 0.75 * np.array([0.1, 0.3, 0.7])
    deviation = np.sqrt(0.25 * 0.75 / spp)  # 0.0068, of the share of opaque samples in one pixel
    np.testing.assert_allclose(albedo, np.broadcast_to(expected, albedo.shape), atol=5 * deviation)
    np.testing.assert_allclose(normal[..., 1], 0.75 - 0.25, atol=5 * 2 * deviation)
    straight = depth[3:5, 3:5]  # here the way is longer than the distance by less than 0.2%
    np.testing.assert_allclose(straight, 0.25 * 4 + 0.75 * 7, atol=5 * 3 * deviation + 0.02)


def test_holes_with_nothing_behind_are_the_background(features):
    albedo, normal, depth = features(wall(4, mask(0.0)) + wall(-3, RED, facing=1))
    assert (albedo == 0).all()
    assert (normal == 0).all()
    assert (depth == 0).all()


def test_more_holes_than_the_bound_end_at_the_mask_and_not_in_white(features):
    from mcdenoise.rendering.features import MAX_EVENTS

    layers = "".join(wall(4 + 0.1 * k, mask(0.0)) for k in range(MAX_EVENTS + 4))
    albedo, _, _ = features(layers + wall(9, BLUE))
    np.testing.assert_allclose(albedo, np.broadcast_to([0.8, 0.2, 0.1], (8, 8, 3)), atol=1e-5)


MEDIUM = """<medium type="homogeneous" name="interior"><float name="sigma_t" value="2"/>
    <float name="albedo" value="0.9"/></medium>"""


def test_the_null_boundary_of_a_medium_is_not_there(features):
    around = wall(7, RED)
    albedo, normal, depth = features(ball(5, NULL, inside=MEDIUM) + around)
    bare = features(around)
    for ours, expected in zip((albedo, normal), bare, strict=False):
        np.testing.assert_allclose(ours, expected, atol=1e-5)
    np.testing.assert_allclose(depth, bare[2], rtol=1e-3)


def test_smooth_glass_filled_with_a_medium_hides_what_is_behind_it(features):
    glass = '<bsdf type="dielectric"/>'
    albedo, normal, _ = features(ball(5, glass, inside=MEDIUM) + wall(7, RED))
    np.testing.assert_allclose(albedo[3:5, 3:5], 1, atol=1e-5)
    assert normal[3:5, 3:5, 1].max() < -0.9, "the ball's own"


def test_an_emitter_is_recorded_whatever_its_material(features):
    glow = '<emitter type="area"><rgb name="radiance" value="3, 3, 3"/></emitter>'
    albedo, normal, _ = features(wall(4, PERFECT) + wall(-3, RED, glow, facing=1))
    np.testing.assert_allclose(albedo, np.broadcast_to([0.8, 0.2, 0.1], (8, 8, 3)), atol=1e-5)
    albedo, normal, _ = features(wall(4, NULL, glow) + wall(7, RED))
    np.testing.assert_allclose(albedo, 0, atol=1e-6)
    np.testing.assert_allclose(normal, np.broadcast_to([0, -1, 0], (8, 8, 3)), atol=1e-5)


# The same as `aov` elsewhere


VIEW = """
    <sensor type="thinlens">
        <float name="fov" value="45"/><float name="aperture_radius" value="0.2"/>
        <float name="focus_distance" value="4"/>
        <transform name="to_world"><lookat origin="0, -4, 1.2" target="0, 0, 0.6" up="0, 0, 1"/></transform>
        {film}
    </sensor>"""

ROOM = (
    """<shape type="rectangle"><transform name="to_world"><scale value="3"/></transform>
        <bsdf type="diffuse"><texture type="checkerboard" name="reflectance">
            <transform name="to_uv"><scale x="9" y="7"/></transform></texture></bsdf></shape>
    <shape type="sphere"><point name="center" x="0" y="0" z="0.6"/><float name="radius" value="0.6"/>
        <bsdf type="principled">
            <rgb name="base_color" value="0.2, 0.4, 0.8"/><float name="metallic" value="0.7"/>
        </bsdf>
    </shape>"""
    + LAMP
)


@pytest.mark.parametrize("variant", ["llvm_ad_rgb", "llvm_ad_mono", "llvm_ad_spectral", "llvm_ad_spectral_polarized"])
def test_what_is_hit_in_no_specular_way_is_what_aov_gives_to_the_bit(llvm, load_in, variant):
    """With depth of field: the lens' random numbers come before any of ours. The mirror is behind the camera."""
    behind = wall(-9, PERFECT)
    loaded = load_in(variant, ROOM + behind, sensor=VIEW, film=film_xml(40, 30))
    assert type(loaded.feature_integrator).__name__ == "SeenFeatures"
    ours, plain = run(loaded, 8, 3), run(loaded, 8, 3, plain_aov())
    assert ours.shape == plain.shape == (30, 40, 7)
    assert plain.std() > 0.1
    np.testing.assert_array_equal(ours, plain)


@pytest.mark.parametrize("variant", ["llvm_ad_mono", "llvm_ad_spectral", "llvm_ad_spectral_polarized"])
def test_other_variants_follow_too(features, llvm, variant):
    """Wavelengths are drawn at random in spectral variants: a mean over the film has little of their noise left."""
    grey = '<bsdf type="diffuse"><rgb name="reflectance" value="{0}, {0}, {0}"/></bsdf>'
    mirrored = wall(4, MIRROR.format("0.8, 0.8, 0.8")) + wall(-3, grey.format(0.5), facing=1)
    albedo, normal, _ = features(mirrored, spp=1024, variant=variant)
    direct, _, _ = features(wall(4, grey.format(0.4)), spp=1024, variant=variant)
    np.testing.assert_allclose(albedo.mean((0, 1)), direct.mean((0, 1)), rtol=0.02)
    np.testing.assert_allclose(normal, np.broadcast_to([0, 1, 0], (8, 8, 3)), atol=1e-5)


def test_a_scene_without_specular_surfaces_takes_aov_itself(llvm, load_in):
    loaded = load_in(llvm, ROOM, sensor=VIEW)
    assert loaded.feature_integrator.class_name() == "AOVIntegrator"


def test_a_mirror_inside_of_an_instance_is_followed(features):
    group = '<shape type="shapegroup" id="group">' + wall(4, PERFECT) + "</shape>"
    instance = '<shape type="instance"><ref id="group"/></shape>'
    albedo, normal, _ = features(group + instance + wall(-3, RED, facing=1))
    np.testing.assert_allclose(albedo, np.broadcast_to([0.8, 0.2, 0.1], (8, 8, 3)), atol=1e-5)
    np.testing.assert_allclose(normal, np.broadcast_to([0, 1, 0], (8, 8, 3)), atol=1e-5)


def test_several_specular_materials_are_not_mixed_up(features):
    """Each half of the view is a mirror of its own tint, and there are others that are not seen."""
    half = """<shape type="rectangle"><transform name="to_world">
        <scale x="25" y="50"/><rotate x="1" angle="90"/><translate x="{}" y="4"/></transform>{}</shape>"""
    objects = wall(90, MIRROR.format("1, 0, 0")) + half.format(-25, MIRROR.format("1, 0.5, 1"))
    objects += wall(95, '<bsdf type="dielectric"/>') + half.format(25, MIRROR.format("0.5, 1, 1"))
    grey = '<bsdf type="diffuse"><rgb name="reflectance" value="0.6, 0.6, 0.6"/></bsdf>'
    albedo, _, _ = features(objects + wall(-3, grey, facing=1))
    halves = albedo[:, :4].reshape(-1, 3), albedo[:, 4:].reshape(-1, 3)
    expected = sorted([[0.6, 0.3, 0.6], [0.3, 0.6, 0.6]])
    for ours, wanted in zip(sorted(halves, key=lambda rows: rows[0, 0]), expected, strict=True):
        np.testing.assert_allclose(ours, np.broadcast_to(wanted, ours.shape), atol=1e-5)


# As the farm uses it


def test_scalar_variants_record_the_first_hit_and_say_so(llvm, load_in):
    from mcdenoise.rendering import realization
    from mcdenoise.rendering.features import FIRST_HIT, SEEN, seen_features

    objects = wall(4, PERFECT) + wall(-3, RED, facing=1) + LAMP
    loaded = load_in("scalar_rgb", objects)
    assert loaded.features == FIRST_HIT
    np.testing.assert_allclose(realization.render(loaded, 4, 1, 2)[0].normal[..., 1], -1, atol=1e-5)
    with pytest.raises(ValueError, match="scalar_rgb"):
        seen_features(loaded.scene)
    loaded = load_in(llvm, objects)
    assert loaded.features == SEEN
    np.testing.assert_allclose(realization.render(loaded, 4, 1, 2)[0].normal[..., 1], 1, atol=1e-5)


def test_a_frame_s_header_says_which_features_it_has(llvm, write_scene, tmp_path):
    from mcdenoise.exr import read_attributes, read_frame
    from mcdenoise.rendering import farm

    source = write_scene(objects=wall(4, PERFECT) + wall(-3, RED, facing=1) + LAMP, sensor=CAMERA, film=film_xml(8, 8))
    for variant, kind, facing in (("scalar_rgb", "first hit", -1), (llvm, "first non-specular hit", 1)):
        options = farm.RenderOptions(spp=2, realizations=1)
        list(farm.render([source], tmp_path / variant, variant, options))
        (file,) = (tmp_path / variant).rglob("*.exr")
        assert read_attributes(file)["features"] == kind
        np.testing.assert_allclose(read_frame(file).normal[..., 1], facing, atol=1e-3)


MIXED = (
    wall(3, mask(0.5, PANE))
    + ball(5, '<bsdf type="dielectric"/>')
    + wall(7, mask(0.5))
    + wall(9, PERFECT)
    + wall(-3, BLUE, facing=1)
    + LAMP
)
"""Glass, masks and mirrors at once."""


def test_the_same_seed_gives_the_same_features_and_another_seed_others(llvm, load_in):
    """In several passes that fill no packet of threads."""
    from mcdenoise.rendering import realization

    loaded = load_in(llvm, MIXED, film=film_xml(37, 21))
    frames = [realization.render(loaded, 7, 5, index)[0] for index in (2, 2, 3)]
    for name in ("albedo", "normal", "depth"):
        first, again, other = (getattr(frame, name) for frame in frames)
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other), name


def test_a_rerun_in_another_process_gives_the_same_bytes(llvm, write_scene, tmp_path):
    from mcdenoise.rendering import farm

    source = write_scene(objects=MIXED, sensor=CAMERA, film=film_xml(37, 21))
    for out in ("one", "two"):
        list(farm.render([source], tmp_path / out, llvm, farm.RenderOptions(spp=7, realizations=2)))
    files = [sorted((tmp_path / out).rglob("*.exr")) for out in ("one", "two")]
    assert [len(found) for found in files] == [2, 2]
    for first, again in zip(*files, strict=True):
        assert first.read_bytes() == again.read_bytes()


def test_radiance_does_not_change_with_the_features(llvm, load_in):
    """The radiance render is its own: features draw from a sampler of their own."""
    from mcdenoise.rendering import realization

    loaded = load_in(llvm, wall(4, PANE) + wall(7, RED) + LAMP)
    frame, _ = realization.render(loaded, 8, 5, 2)
    import mitsuba as mi

    from mcdenoise.rendering.seeds import pass_seed

    alone = np.array(mi.render(loaded.scene, sensor=loaded.sensor, spp=8, seed=pass_seed(5, 2, 0)))
    np.testing.assert_array_equal(frame.radiance, alone[..., :3])


@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
def test_features_of_every_scene_are_finite_and_in_range(llvm, scene):
    import mitsuba as mi

    mi.set_variant(llvm)
    mi.set_log_level(mi.LogLevel.Error)
    from mcdenoise.rendering.scene import digest, load

    loaded = load(scene.path, (48, 36), "box", digest(scene.path))
    ours, plain = run(loaded, 4, 1), run(loaded, 4, 1, plain_aov())
    assert np.isfinite(ours).all()
    assert ours[..., :3].min() >= 0
    assert np.linalg.norm(ours[..., 3:6], axis=-1).max() <= 1 + 1e-5
    # Most pixels are those of `aov`, and the others are no brighter than white but where `aov` is of some surface.
    same = (ours == plain).all(axis=-1)
    assert same.mean() > 0.5
    assert ours[..., :3][~same].max(initial=0) <= max(1 + 1e-5, plain[..., :3].max())
    assert ours[..., 6].min() >= 0


def test_the_scenes_of_the_benchmark_load(llvm):
    import mitsuba as mi

    mi.set_variant(llvm)
    mi.set_log_level(mi.LogLevel.Error)
    from mcdenoise.rendering.scene import digest, load

    folder = Path(__file__).resolve().parents[2] / "benchmarks" / "specular_features"
    files = sorted(folder.glob("*.xml"))
    assert len(files) == 2
    for path in files:
        loaded = load(path, (32, 32), "box", digest(path))
        ours, plain = run(loaded, 4, 1), run(loaded, 4, 1, plain_aov())
        assert (ours[..., :3] != plain[..., :3]).any(axis=-1).mean() > 0.4, "specular surfaces fill the picture"
