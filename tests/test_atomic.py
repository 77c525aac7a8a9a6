"""Files appear whole or not at all."""

import os
import signal
import subprocess
import sys

import pytest

from mcdenoise.atomic import remove_leftovers, replacing, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_new_content_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_an_error_while_writing_leaves_the_old_content_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("ne")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_an_error_before_anything_is_written_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), replacing(tmp_path / "a.txt"):
        raise RuntimeError
    assert names(tmp_path) == []


def test_the_temporary_file_has_the_suffix_and_the_folder_of_the_real_one(tmp_path):
    with replacing(tmp_path / "frame.exr") as temporary:
        assert temporary.suffix == ".exr"
        assert temporary.parent == tmp_path
        temporary.touch()


def test_text_is_written_as_utf_8(tmp_path):
    write_text(tmp_path / "a.txt", "noisé ∑")
    assert (tmp_path / "a.txt").read_bytes() == "noisé ∑".encode()


def test_leftovers_of_a_killed_writer_are_removed_and_those_of_a_living_one_kept(tmp_path):
    program = (
        "import os, signal, sys; from mcdenoise.atomic import replacing\n"
        "with replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    (tmp_path / "a.txt").write_text("old")
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.txt")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 2, "the killed writer should have left its temporary file"
    assert (tmp_path / "a.txt").read_text() == "old"

    with replacing(tmp_path / "b.txt") as mine:
        mine.write_text("mine")
        assert f"{os.getpid()}" in mine.name
        remove_leftovers(tmp_path)
        assert mine.exists()
    assert names(tmp_path) == ["a.txt", "b.txt"]


def test_files_that_are_no_leftovers_are_never_removed(tmp_path):
    for name in ("r000.exr", ".hidden", ".writing-notes.txt", "writing-1-a.exr"):
        (tmp_path / name).touch()
    before = names(tmp_path)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == before
