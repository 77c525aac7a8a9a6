"""What processes of ours import: this package and what is installed, and nothing of the working directory."""

import os
import subprocess

import pytest
from command_line import run_alone

from mcdenoise import module_command


@pytest.fixture
def hostile(tmp_path):
    """A working directory with modules that must not be imported."""
    (tmp_path / "mcdenoise").mkdir()
    for name in ("random.py", "numpy.py", "selectors.py", "tempfile.py", "mcdenoise/__init__.py"):
        (tmp_path / name).write_text("raise SystemExit('not to be imported')")
    return tmp_path


def test_a_render_imports_nothing_of_the_working_directory(write_scene, hostile):
    """Neither the process that asks for a variant nor the one that renders."""
    write_scene()
    words = "render", "ball", "--variant", "scalar_rgb", "--spp", 2, "--size", 12, 9, "--out", "out"
    done = run_alone(*words, cwd=hostile)
    assert done.returncode == 0, done.stderr
    assert "not to be imported" not in done.stderr
    assert len(list((hostile / "out").rglob("r00?.exr"))) == 2


def test_a_scene_is_made_without_what_lies_in_the_working_directory(hostile):
    done = run_alone("scenes", "out", "--count", 1, "--seed", 3, cwd=hostile)
    assert done.returncode == 0, done.stderr
    assert "not to be imported" not in done.stderr
    assert len(list((hostile / "out").glob("random-*/scene.xml"))) == 1


def test_a_link_to_the_environment_puts_nothing_before_the_standard_library(tmp_path, monkeypatch):
    """As on clusters: the package lies where the end of `sys.path` has it by another name."""
    there, site = tmp_path / "there", tmp_path / "site"
    (there / "package").mkdir(parents=True)
    (there / "csv.py").write_text("raise SystemExit('not the standard one')")
    (there / "package/__init__.py").touch()
    (there / "package/told.py").write_text("import csv, sys; print(sys.argv[1:])")
    site.mkdir()
    (site / "sitecustomize.py").write_text(f"import sys; sys.path.append({str(there)!r})")
    (tmp_path / "link").symlink_to(there)
    monkeypatch.setattr(module_command, "_PLACE", tmp_path / "link")
    command = module_command.module_command("package.told", "a", 1)
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(site)}, check=False
    )
    assert (done.stdout, done.stderr) == ("['a', '1']\n", "")


def test_a_package_that_is_not_installed_is_found_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").touch()
    (tmp_path / "package/told.py").write_text("print('told')")
    monkeypatch.setattr(module_command, "_PLACE", tmp_path)
    done = subprocess.run(module_command.module_command("package.told"), capture_output=True, text=True, check=True)
    assert done.stdout == "told\n"
