"""The whole way as a user goes it: scenes to noisy renders to a model to a clean picture, judged by references."""

import numpy as np
import pytest
from command_line import run
from synthetic import small_options
from tiny_scenes import film_xml, scene_xml

from mcdenoise.data import find_views
from mcdenoise.evaluation.metrics import relmse_halves
from mcdenoise.evaluation.reference_free import relmse_cross
from mcdenoise.exr import read_frame
from mcdenoise.rendering.farm import FrameRendered, RenderOptions, render
from mcdenoise.training import train


@pytest.fixture(scope="module")
def renders(tmp_path_factory):
    """Two tiny scenes, one for validation, rendered by Mitsuba: three realizations and a reference each."""
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "scenes").mkdir()
    film = film_xml(48, 48)
    (folder / "scenes/ball.xml").write_text(scene_xml(film=film))
    (folder / "scenes/judged.xml").write_text(scene_xml(film=film, split="validation"))
    options = RenderOptions(spp=1, realizations=3, reference_spp=512)
    events = list(render([folder / "scenes"], folder / "renders", "scalar_rgb", options))
    assert sum(isinstance(event, FrameRendered) for event in events) == 10
    return folder / "renders"


def test_renders_become_a_model_that_denoises(renders, tmp_path, capfd, monkeypatch):
    options = small_options(steps=150, batch=2, learning_rate=3e-3, average=0.9)
    result = train(renders, tmp_path / "run", options, "cpu")
    assert result.validation_kind == "cross"
    view = renders / "judged/view000"
    model = ["--model", result.model, "--device", "cpu", "--precision", "float32"]
    code, _, err = run(capfd, monkeypatch, "apply", view / "r000.exr", "--out", tmp_path / "d.exr", *model)
    assert (code, err) == (0, "")
    noisy, denoised = read_frame(view / "r000.exr"), read_frame(tmp_path / "d.exr")
    halves = [read_frame(view / f"ref_{half}.exr").radiance for half in "ab"]
    before, after = (relmse_halves(frame.radiance, *halves) for frame in (noisy, denoised))
    assert after < before / 3
    np.testing.assert_array_equal(noisy.albedo, denoised.albedo)
    # Without the reference, the other two realizations tell nearly the same error.
    others = [read_frame(view / f"r00{k}.exr").radiance for k in (1, 2)]
    assert relmse_cross(denoised.radiance, *others) < before / 2


def test_mitsubas_realizations_are_independent_and_unbiased(renders):
    for view in find_views(renders):
        reference = np.mean([read_frame(path).radiance for path in view.references], axis=0, dtype=np.float64)
        noise = [read_frame(path).radiance.astype(np.float64) - reference for path in view.realizations]
        for i, one in enumerate(noise):
            assert abs(one.mean()) < 4 * one.std() / np.sqrt(one.size / 3)  # channels move together
            for other in noise[:i]:
                # The reference's own noise, of 1/512 of the variance, is all that they share.
                assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1
