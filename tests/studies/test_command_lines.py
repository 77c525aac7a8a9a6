"""What all studies' command lines have in common."""

import subprocess
import sys
from importlib import resources

import pytest


def said_by(*arguments, cwd=None):
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", [("--steps", 3, "--minutes", 5), ("--minutes", 5, "--steps", 3)])
def test_steps_and_minutes_exclude_each_other(tmp_path, words):
    code, _, error = said_by("mcdenoise.studies.corruptions", *words, cwd=tmp_path)
    assert code == 2
    assert error.startswith("Error: give --steps or --minutes, not both.")
    assert not list(tmp_path.iterdir())


def test_all_studies_are_listed():
    """Those are the modules that are commands."""
    modules = [file for file in resources.files("mcdenoise.studies").iterdir() if file.name.endswith(".py")]
    commands = {file.name.removesuffix(".py") for file in modules if "\n@click.command(" in file.read_text()}
    code, output, _ = said_by("mcdenoise.studies")
    assert code == 0
    assert {line.split()[0] for line in output.splitlines() if line.startswith("  ")} == commands
    assert len(commands) == 6
