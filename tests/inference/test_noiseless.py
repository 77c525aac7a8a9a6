"""What has no noise is kept, and nothing else is."""

import mitsuba as mi
import numpy as np
import pytest
import torch

from mcdenoise.exr import write_frame
from mcdenoise.frame import Frame
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.inference.noiseless import DENOISED, KEPT, REACH, _keep_on_device, keep_noiseless
from mcdenoise.random_scenes import surroundings
from mcdenoise.rendering import scene as mitsuba_scene


def changed(relative, height=40, width=56, seed=0):
    """A picture, and one that differs from it by `relative` (a number, or one for each column) of its brightness."""
    generator = torch.Generator().manual_seed(seed)
    before = 0.2 + torch.rand(height, width, 3, generator=generator)
    signs = torch.where(torch.rand(height, width, 1, generator=generator) < 0.5, -1.0, 1.0)
    brightness = before.mean(dim=2, keepdim=True) + 0.01
    # Relative to what it is changed to: c = (b - a) / (a + 0.01) has a = (b - 0.01 c) / (1 + c).
    relative = torch.as_tensor(relative).view(1, -1, 1) * signs
    return before, before - brightness * relative / (1 + relative)


@pytest.mark.parametrize("keep", [keep_noiseless, _keep_on_device])
@pytest.mark.parametrize(("relative", "share"), [(0.5 * KEPT, 1.0), ((KEPT + DENOISED) / 2, 0.5), (DENOISED, 0.0)])
def test_a_small_change_is_undone_a_large_one_stays_and_between_it_is_a_blend(keep, relative, share):
    before, after = changed(relative)
    result = keep(before, after.clone(), 1.0)
    torch.testing.assert_close(result, after + share * (before - after), rtol=0, atol=2e-5)


@pytest.mark.parametrize("keep", [keep_noiseless, _keep_on_device])
def test_only_what_is_within_reach_has_a_say(keep):
    before, after = changed(0.0)
    after[20, 30] += 3.0
    result = keep(before, after.clone(), 1.0)
    near = torch.zeros(40, 56, dtype=torch.bool)
    near[20 - REACH : 20 + REACH + 1, 30 - REACH : 30 + REACH + 1] = True
    differs = (result != before).any(dim=2)
    assert differs.nonzero().tolist() == [[20, 30]], "a firefly that is taken out stays out"
    after = torch.where(near[..., None], before * 1.1, before)
    assert torch.equal((keep(before, after.clone(), 1.0) != before).any(dim=2), (after != before).any(dim=2) & near)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (7, 3), (64, 130)])
def test_the_processor_and_a_device_agree_at_any_size_and_exposure_with_any_number_of_threads(height, width):
    before, after = changed(torch.linspace(0, 0.08, width), height, width)
    for scale in (1e-3, 1.0, 50.0):
        expected = _keep_on_device(before / scale, after / scale, torch.tensor(scale))
        threads = torch.get_num_threads()
        try:
            for count in (1, 3):
                torch.set_num_threads(count)
                found = keep_noiseless(before / scale, after / scale, scale)
                torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 / scale)
        finally:
            torch.set_num_threads(threads)


SCENE = """<scene version="3.0.0">
    <integrator type="path"/>
    <sensor type="perspective"><float name="fov" value="40"/>
        <transform name="to_world"><lookat origin="0, 0, -5" target="0, 0, 0" up="0, 1, 0"/></transform>
        <film type="hdrfilm"><integer name="width" value="160"/><integer name="height" value="112"/></film>
    </sensor>
    <emitter type="envmap"><string name="filename" value="around.exr"/></emitter>
    <shape type="sphere"><float name="radius" value="0.7"/><bsdf type="diffuse"/></shape>
</scene>"""


@pytest.mark.parametrize("model", ["default", "fast"])
def test_surroundings_seen_directly_keep_their_detail(model, tmp_path):
    """A sphere in a room of bricks, out of focus: where the room is seen there is no noise, and networks soften it."""
    kind, picture = surroundings.surroundings(np.random.default_rng(3))
    assert kind == "room"
    mi.set_variant("scalar_rgb")
    write_frame(tmp_path / "around.exr", Frame(surroundings._blurred(picture.pixels, 3.0).astype(np.float32)))
    (tmp_path / "scene.xml").write_text(SCENE)
    loaded = mitsuba_scene.load(tmp_path / "scene.xml", (160, 112), "box", "")
    noisy, truth = (
        np.array(mi.render(loaded.scene, sensor=loaded.sensor, integrator=loaded.integrator, spp=spp, seed=spp))
        for spp in (16, 256)
    )
    frame = [np.ascontiguousarray(noisy[..., k : k + 3]) for k in (0, 3, 6)]
    denoised = Denoiser(model, "cpu").denoise(*frame)
    background = (noisy[..., 9] == 0) & (truth[..., 9] == 0)
    background[:, 40:120] = False  # away from the sphere and its noise
    assert background.mean() > 0.3

    def error(image):
        change = (image - truth[..., :3]) / (truth[..., :3] + 0.01)
        return float((change[background] ** 2).mean())

    assert error(denoised) < 1.2 * error(frame[0])
    sphere = truth[..., 9] > 0
    assert ((denoised - truth[..., :3])[sphere] ** 2).mean() < 0.2 * ((frame[0] - truth[..., :3])[sphere] ** 2).mean()
