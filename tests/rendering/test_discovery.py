"""Which files are scenes, and what they are called."""

import os

import pytest

from mcdenoise.errors import SceneError
from mcdenoise.rendering.discovery import find_scenes, split_of

SCENE = '<scene version="3.0.0"/>'


@pytest.fixture
def make(tmp_path):
    def write(*paths, text=SCENE):
        for path in paths:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)

    return write


def names(*sources):
    return [scene.name for scene in find_scenes(sources)]


def test_a_scene_is_called_as_its_folder_or_its_file(make, tmp_path):
    make("kitchen/scene.xml", "more/hall.xml")
    assert names(tmp_path / "kitchen" / "scene.xml", tmp_path / "more" / "hall.xml") == ["kitchen", "hall"]
    assert names(tmp_path / "kitchen") == ["kitchen"]


def test_a_folder_stands_for_all_scenes_below_it_in_order(make, tmp_path):
    make("b/scene.xml", "a.xml", "c/deep/er/scene.xml", "c/d.xml")
    assert names(tmp_path) == ["a", "b", "d", "er"]


def test_a_folder_with_scene_xml_is_one_scene(make, tmp_path):
    make("one/scene.xml", "one/other.xml", "one/parts/scene.xml")
    assert names(tmp_path) == ["one"]


def test_other_xml_and_hidden_folders_are_passed_over_and_broken_scenes_are_not(make, tmp_path):
    make("good.xml", ".cache/scene.xml")
    make("project.xml", text="<project/>")
    make("materials.xml", text='<bsdf version="3.0.0" type="diffuse"/>')
    make("broken.xml", text="<scene><")
    make("empty.xml", text="")
    assert names(tmp_path) == ["broken", "empty", "good"]


def test_a_file_given_twice_is_one_scene(make, tmp_path):
    make("a/scene.xml")
    assert names(tmp_path, tmp_path / "a", tmp_path / "a" / ".." / "a" / "scene.xml") == ["a"]


def test_a_scene_and_a_link_to_it_are_one_scene(make, tmp_path):
    make("a.xml", "folder/scene.xml")
    (tmp_path / "b.xml").symlink_to("a.xml")
    (tmp_path / "link").symlink_to("folder")
    assert names(tmp_path) == ["a", "folder"]
    assert names(tmp_path / "b.xml", tmp_path) == ["a", "folder"]


def test_folders_that_link_to_themselves_come_to_an_end(make, tmp_path):
    make("a.xml", "below/b.xml")
    for number in range(4):
        (tmp_path / f"loop{number}").symlink_to(".")
        (tmp_path / "below" / f"up{number}").symlink_to("..")
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "itself.xml").symlink_to("itself.xml")
    assert names(tmp_path) == ["a", "b"]


def test_what_is_no_file_is_not_opened(make, tmp_path):
    """Opening a pipe waits for who writes to it."""
    make("a.xml", "sub/b.xml")
    os.mkfifo(tmp_path / "f.xml")
    os.mkfifo(tmp_path / "sub" / "scene.xml")
    assert names(tmp_path) == ["a", "b"]
    with pytest.raises(SceneError, match="no such file"):
        find_scenes([tmp_path / "f.xml"])


def test_a_path_that_is_not_utf_8_is_refused_in_characters_that_can_be_printed(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    with open(folder + b"/scene.xml", "w") as file:
        file.write(SCENE)
    with pytest.raises(SceneError, match=r"caf\\udce9.*not UTF-8") as caught:
        find_scenes([tmp_path])
    assert str(caught.value).isprintable()


def test_what_is_wrong_is_one_line_whatever_the_name(tmp_path):
    (tmp_path / "new\nline").mkdir()
    for name in ("new\nline", "gone\nfile"):
        with pytest.raises(SceneError) as caught:
            find_scenes([tmp_path / name])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "paths",
    [
        ["a/scene.xml", "b/a/scene.xml"],
        ["a.xml", "a/scene.xml", "b/a.xml"],
        ["x/a/scene.xml", "y/a/scene.xml", "z/y/a/scene.xml"],
        ["a b.xml", "a_b.xml", "a+b.xml"],
        ["x/a-b.xml", "x-a/b.xml", "y/b.xml", "y/a-b.xml"],
    ],
)
def test_names_that_collide_are_told_apart(make, tmp_path, paths):
    make(*paths)
    found = find_scenes([tmp_path / path for path in paths])
    assert len({scene.name for scene in found}) == len(paths)


@pytest.mark.parametrize("path", ["..a.xml", "ä ö/scene.xml", "a:b.xml", "a\nb.xml", "-x.xml", "'\".xml"])
def test_names_are_folders_that_every_tool_takes(make, tmp_path, path):
    make(path)
    (name,) = names(tmp_path / path)
    assert name
    assert not set(name) & set("/\\ \n:'\"")
    assert not name.startswith(".")


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(SceneError, match=r"gone\.xml: no such file"):
        find_scenes([tmp_path / "gone.xml"])
    with pytest.raises(SceneError, match="no Mitsuba scene in this folder"):
        find_scenes([tmp_path])


@pytest.mark.parametrize(
    ("inside", "split"),
    [
        ('<default name="split" value="validation"/>', "validation"),
        ('<default name="spp" value="4"/><default name="split" value="validation"/>', "validation"),
        ('<default name="split" value="train"/>', "train"),
        ('<default name="split" value="Validation "/>', "train"),
        ('<default name="splits" value="validation"/>', "train"),
        ('<shape><default name="split" value="validation"/></shape>', "train"),
        ("", "train"),
    ],
)
def test_the_split_is_what_the_scene_says(make, tmp_path, inside, split):
    make("a.xml", text=f'<scene version="3.0.0">{inside}</scene>')
    assert split_of(tmp_path / "a.xml") == split


def test_a_broken_scene_counts_as_training(make, tmp_path):
    make("a.xml", text="<scene")
    assert split_of(tmp_path / "a.xml") == "train"
