"""What tests of every area share: tiny Mitsuba scenes on disk, and the command line as a user runs it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_scenes import scene_xml

from mcdenoise.rendering.variants import prepare_environment

prepare_environment()  # before any test imports mitsuba

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class CommandResult:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def write_scene(tmp_path: Path) -> Callable[..., Path]:
    """Write a scene to `tmp_path/path`: `write_scene("a/scene.xml", split="train")`; keywords as of `scene_xml`."""

    def write(path: str = "ball/scene.xml", text: str | None = None, **parts: str) -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(scene_xml(**parts) if text is None else text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., CommandResult]:
    """Run `python cli.py ARGUMENTS...` as a user would, in `tmp_path` unless `cwd` says otherwise."""

    def run(*arguments: object, cwd: Path | None = None, environment: dict[str, str] | None = None) -> CommandResult:
        done = subprocess.run(
            command_line(*arguments),
            cwd=cwd or tmp_path,
            env=os.environ | (environment or {}),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return CommandResult(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start `python cli.py ARGUMENTS...` in a process group of its own and give the process; ended with the test."""
    started: list[subprocess.Popen] = []

    def begin(*arguments: object) -> subprocess.Popen:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command_line(*arguments), cwd=tmp_path, start_new_session=True, **pipes)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def command_line(*arguments: object) -> list[str]:
    """The arguments that start the command line from the checkout."""
    return [sys.executable, str(ROOT / "cli.py"), *map(str, arguments)]
