"""`mcdenoise render` and `mcdenoise info` as a user meets them: exit codes, one line of error, nothing left behind."""

import os
import re

import pytest

from mcdenoise.exr import read_frame

QUICK = ("--variant", "scalar_rgb", "--spp", 2, "--size", 12, 9)


def assert_one_line_of_error(result, code):
    assert result.code == code, result.err
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    assert result.err.endswith("\n")
    assert "Traceback" not in result.out + result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["render"],
        ["render", "gone.xml"],
        ["render", "ball", "--spp", "0"],
        ["render", "ball", "--spp", "-3"],
        ["render", "ball", "--spp", "many"],
        ["render", "ball", "--spp", "2.5"],
        ["render", "ball", "--spp", str(2**20 + 1)],
        ["render", "ball", "--spp"],
        ["render", "ball", "--realizations", "0"],
        ["render", "ball", "--realizations", "10001"],
        ["render", "ball", "--views", "0"],
        ["render", "ball", "--size", "64"],
        ["render", "ball", "--size", "0", "64"],
        ["render", "ball", "--size", "64", "-1"],
        ["render", "ball", "--size", "64", "16385"],
        ["render", "ball", "--reference-spp", "-1"],
        ["render", "ball", "--target-spp", "-1"],
        ["render", "ball", "--target-spp", "8", "--realizations", "1"],
        ["render", "ball", "--seed", "-1"],
        ["render", "ball", "--seed", str(2**32)],
        ["render", "ball", "--filter", "sharp"],
        ["render", "ball", "--variant", "sharp_rgb"],
        ["render", "ball", "--out", "a-file"],
        ["render", "ball", "--no-such-option"],
        ["rendr", "ball"],
        ["--no-such-option"],
        ["info", "much"],
        ["info", "--loud"],
    ],
    ids=" ".join,
)
def test_bad_use_is_one_line_and_exit_2(write_scene, command, tmp_path, arguments):
    write_scene()
    (tmp_path / "a-file").write_text("mine")
    result = command(*arguments)
    assert_one_line_of_error(result, 2)
    assert result.out == ""
    assert sorted(os.listdir(tmp_path)) == ["a-file", "ball"]
    assert (tmp_path / "a-file").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments", [[], ["render", "--help"], ["info", "--help"], ["--help"], ["--version"]], ids=" ".join
)
def test_help_is_given_with_an_example(command, arguments):
    result = command(*arguments)
    assert result.code == (0 if arguments else 2)
    assert result.err == ""
    if "--version" not in arguments:
        assert "mcdenoise" in result.out
        assert "xample" in result.out or len(arguments) < 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["render", "no-scenes"], 1),
        (["render", "ball", "--variant", "no_such_variant"], 2),
    ],
    ids=["a folder without scenes", "an unknown variant"],
)
def test_a_run_that_cannot_start_is_one_line(write_scene, command, tmp_path, arguments, code):
    write_scene()
    (tmp_path / "no-scenes").mkdir()
    assert_one_line_of_error(command(*arguments), code)
    assert not (tmp_path / "renders").exists()


def test_a_whole_run_says_what_it_did(write_scene, command, tmp_path):
    write_scene()
    result = command("render", "ball", *QUICK)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Mitsuba variant scalar_rgb: asked for\n")
    assert "ball: 2 frames of 12 x 9 (path)" in result.out
    assert "2 frames rendered" in result.out
    assert sorted(os.listdir(tmp_path / "renders" / "ball" / "view000")) == ["r000.exr", "r001.exr"]
    assert read_frame(tmp_path / "renders" / "ball" / "view000" / "r000.exr").size == (12, 9)

    again = command("render", "ball", *QUICK)
    assert (again.code, again.err) == (0, "")
    assert "ball: 0 frames" in again.out
    assert "0 frames rendered, 2 were there already" in again.out


def test_without_a_variant_asked_for_each_scene_says_which_and_why(write_scene, command):
    write_scene()
    result = command("render", "ball", *QUICK[2:])
    assert (result.code, result.err) == (0, "")
    assert re.match(r"ball: 2 frames of 12 x 9 \(path, scalar_rgb: below \d+\.\d M samples\), ", result.out)
    again = command("render", "ball", *QUICK[2:], "--realizations", 3)
    assert "ball: 1 frames of 12 x 9 (path, scalar_rgb: as the frames there), 2 were there, " in again.out


def test_other_options_are_refused_by_exit_1_and_taken_with_overwrite(write_scene, command):
    write_scene()
    assert command("render", "ball", *QUICK).code == 0
    refused = command("render", "ball", *QUICK, "--seed", 3)
    assert refused.code == 1
    assert "is there already" in refused.err
    assert "--overwrite" in refused.err
    replaced = command("render", "ball", *QUICK, "--seed", 3, "--overwrite")
    assert replaced.code == 0
    assert "2 frames rendered" in replaced.out


def test_failed_scenes_are_named_at_the_end_and_the_exit_is_1(write_scene, command, tmp_path):
    write_scene("all/broken.xml", text="<scene version='3.0.0'>")
    write_scene("all/blind.xml", sensor="")
    write_scene("all/good.xml")
    result = command("render", "all", *QUICK)
    assert result.code == 1
    assert "Traceback" not in result.out + result.err
    last = result.err.splitlines()[-2:]
    assert last[0].startswith("Error: blind (all/blind.xml) failed: ")
    assert "no sensor" in last[0]
    assert last[1].startswith("Error: broken (all/broken.xml) failed: ")
    assert os.listdir(tmp_path / "renders") == ["good"]


def test_the_scene_s_own_filter_can_be_asked_for(write_scene, command, tmp_path):
    """A gaussian filter smears each sample: neighbouring pixels of one realization differ less than with a box."""
    write_scene(film='<film type="hdrfilm"><rfilter type="gaussian"/></film>')
    for name in ("box", "scene"):
        result = command("render", "ball", *QUICK[:4], "--size", 32, 24, "--filter", name, "--out", name)
        assert result.code == 0, result.err

    def roughness(name):
        radiance = [read_frame(tmp_path / name / "ball" / "view000" / f"r00{k}.exr").radiance for k in (0, 1)]
        return abs(radiance[0] - radiance[1]).mean()

    # Mitsuba's gaussian has a standard deviation of half a pixel: it averages about 3 samples' worth of neighbours.
    assert roughness("scene") < 0.8 * roughness("box")


def test_info_says_what_is_here_and_what_will_be_used(command):
    result = command("info")
    assert result.code == 0, result.err
    assert "Traceback" not in result.err
    for expected in (
        "mitsuba 3.",
        "torch ",
        "OpenEXR ",
        "Processor: ",
        "GPU: ",
        "scalar_rgb: works",
        "Scenes are rendered with",
    ):
        assert expected in result.out
    assert "cuda_ad_rgb: " in result.out
    assert "llvm_ad_rgb: " in result.out
