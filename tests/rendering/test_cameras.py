"""Cameras near the scene's own: in the open, looking at the same things, and the same whenever they are asked for."""

import numpy as np
import pytest
from tiny_scenes import PERSPECTIVE

from mcdenoise.errors import SceneError
from mcdenoise.exr import read_frame
from mcdenoise.rendering import farm
from mcdenoise.rendering.farm import RenderOptions, SceneFailed

OWN = np.array([0, -4, 1.2])
TARGET = np.array([0, 0, 0.6])

# A room of 2 x 2 x 2 around the origin, seen from just before its back wall, with a column on the camera's left.
ROOM = """
    <shape type="cube"><boolean name="flip_normals" value="true"/>
        <bsdf type="twosided"><bsdf type="diffuse"/></bsdf></shape>
    <shape type="sphere"><point name="center" x="0.1" y="0.5" z="-0.6"/><float name="radius" value="0.4"/></shape>
    <shape type="cylinder"><point name="p0" x="-0.45" y="-0.6" z="-1"/><point name="p1" x="-0.45" y="-0.6" z="1"/>
        <float name="radius" value="0.15"/></shape>
    <shape type="rectangle"><transform name="to_world">
        <scale value="0.4"/><rotate x="1" angle="180"/><translate z="0.98"/></transform>
        <emitter type="area"><rgb name="radiance" value="8"/></emitter></shape>"""
INSIDE = """
    <sensor type="perspective"><float name="fov" value="70"/>
        <transform name="to_world"><lookat origin="0.2, -0.93, 0" target="0.1, 0.5, -0.4" up="0, 0, 1"/></transform>
        {film}</sensor>"""


@pytest.fixture
def camera(scalar):
    from mcdenoise.rendering.cameras import camera

    return camera


def test_view_0_is_the_scene_s_own_camera(load, camera):
    loaded = load(size=(48, 32))
    matrix = camera(loaded, 0, 5)
    np.testing.assert_allclose(matrix[:3, 3], OWN, atol=1e-6)
    np.testing.assert_array_equal(matrix, loaded.own_camera)


def test_views_depend_on_their_number_and_the_seed_alone(load, camera):
    loaded, again = load(size=(48, 32)), load(size=(47, 31))
    views = [camera(loaded, view, 5) for view in (1, 2, 3)]
    backwards = [camera(load(size=(48, 32)), view, 5) for view in (3, 2, 1)][::-1]
    np.testing.assert_array_equal(views, backwards)
    assert loaded is not again
    assert np.abs(views[0] - views[1]).max() > 0.01
    assert np.abs(camera(loaded, 2, 6) - views[1]).max() > 0.01


def test_drawn_cameras_are_rigid_and_keep_handedness_and_upright(load, camera):
    loaded = load(size=(48, 32))
    own = loaded.own_camera
    for view in range(1, 9):
        matrix = camera(loaded, view, 0)
        np.testing.assert_allclose(matrix[:3, :3].T @ matrix[:3, :3], np.eye(3), atol=1e-5)
        assert np.linalg.det(matrix[:3, :3]) == pytest.approx(np.linalg.det(own[:3, :3]), abs=1e-4)
        assert matrix[:3, 1] @ own[:3, 1] > 0.8
        np.testing.assert_array_equal(matrix[3], [0, 0, 0, 1])


def test_drawn_cameras_keep_the_distance_and_the_angle_that_the_docstring_states(load, camera):
    loaded = load(size=(48, 32))
    own = loaded.own_camera
    forward = own[:3, 2]
    depth = 3.5  # of the ball in the middle of the picture: hypot(4, 0.6) - 0.6 = 3.44, and a little floor
    turned, distances = [], []
    for view in range(1, 25):
        matrix = camera(loaded, view, 0)
        seen = OWN + forward * depth
        away = np.linalg.norm(matrix[:3, 3] - seen) / depth
        assert 0.55 < away < 1.4  # 0.7 to 1.15, and 6% of the distance beside in both directions
        angle = np.degrees(np.arccos(np.clip(matrix[:3, 2] @ forward, -1, 1)))
        assert angle < 36  # hypot(28, 14) = 31 degrees, and what the shifted target adds
        turned.append(angle)
        distances.append(away)
    # 24 draws: a mean angle of about 14 degrees with 7 of deviation; anything in between says that views do vary.
    assert 8 < np.mean(turned) < 22
    assert np.std(distances) > 0.05


def test_drawn_cameras_stay_in_the_room_and_outside_its_objects(load, camera):
    import mitsuba as mi

    loaded = load(size=(48, 32), objects=ROOM, sensor=INSIDE)
    own = loaded.own_camera[:3, 3]
    for view in range(1, 16):
        position = camera(loaded, view, 3)[:3, 3]
        assert (np.abs(position) < 1).all(), "outside the room"
        assert np.linalg.norm(position - [0.1, 0.5, -0.6]) > 0.4, "inside the ball"
        assert np.hypot(*(position[:2] - [-0.45, -0.6])) > 0.15, "inside the column"
        way = position - own
        length = float(np.linalg.norm(way))
        ray = mi.Ray3f(mi.Point3f(*own.tolist()), mi.Vector3f(*(way / length).tolist()), length, 0.0, [])
        assert not loaded.scene.ray_test(ray), "behind an object"


def test_no_view_is_black(write_scene, tmp_path):
    source = write_scene(objects=ROOM, sensor=INSIDE)
    events = list(farm.render([source], tmp_path / "out", "scalar_rgb", RenderOptions(spp=16, views=8, size=(24, 16))))
    assert not [event for event in events if isinstance(event, SceneFailed)]
    frames = [read_frame(path) for path in sorted((tmp_path / "out").rglob("r000.exr"))]
    assert len(frames) == 8
    brightness = [frame.radiance.mean() for frame in frames]
    assert min(brightness) > 0.04 * brightness[0]
    assert all((frame.depth > 0).mean() > 0.5 for frame in frames)


def test_view_2_is_the_same_whether_3_or_5_are_asked_for(write_scene, tmp_path):
    source = write_scene()
    for views in (3, 5):
        options = RenderOptions(spp=1, views=views, realizations=1, size=(24, 16))
        assert not [
            event
            for event in farm.render([source], tmp_path / str(views), "scalar_rgb", options)
            if isinstance(event, SceneFailed)
        ]
    for view in range(3):
        few, many = ((tmp_path / count / "ball" / f"view{view:03d}" / "r000.exr").read_bytes() for count in ("3", "5"))
        assert few == many


def test_views_are_the_same_place_at_every_size(write_scene, tmp_path):
    """Cameras are tried on a small film of their own, so that small renders are previews of large ones."""
    source = write_scene()
    depths = []
    for scale in (1, 4):
        options = RenderOptions(spp=16, views=3, realizations=1, size=(24 * scale, 16 * scale))
        list(farm.render([source], tmp_path / str(scale), "scalar_rgb", options))
        frame = read_frame(tmp_path / str(scale) / "ball" / "view002" / "r000.exr")
        depths.append(frame.depth.reshape(16, scale, 24, scale).mean(axis=(1, 3)))
    hit = depths[1] > 0
    assert np.median(np.abs(depths[0][hit] / depths[1][hit] - 1)) < 0.01


def test_a_camera_that_cannot_be_moved_is_refused_but_for_its_own_view(load, camera):
    loaded = load(
        size=(48, 32),
        sensor=PERSPECTIVE.replace('type="perspective"', 'type="orthographic"').replace(
            '<float name="fov" value="45"/>', ""
        ),
    )
    np.testing.assert_array_equal(camera(loaded, 0, 0), loaded.own_camera)
    with pytest.raises(SceneError, match="--views 1"):
        camera(loaded, 1, 0)


def test_a_camera_that_sees_nothing_is_refused(load, camera):
    loaded = load(size=(48, 32), objects='<emitter type="constant"/>')
    with pytest.raises(SceneError, match="looks at nothing"):
        camera(loaded, 1, 0)


def test_a_mirrored_camera_stays_mirrored(load, camera):
    mirrored = PERSPECTIVE.replace("<lookat", '<scale x="-1"/><lookat')
    loaded = load(size=(48, 32), sensor=mirrored)
    assert np.linalg.det(loaded.own_camera[:3, :3]) < 0
    assert np.linalg.det(camera(loaded, 1, 0)[:3, :3]) < 0
