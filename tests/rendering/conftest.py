"""Mitsuba in the test's own process: for tests that look at single renders, not at files."""

import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcdenoise.rendering.variants import probe


@pytest.fixture
def scalar() -> None:
    """Mitsuba's scalar_rgb, which compiles nothing."""
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    mi.set_log_level(mi.LogLevel.Error)


@pytest.fixture
def load(scalar, write_scene) -> Callable:
    """Write a scene (keywords as of `scene_xml`) and load it in scalar_rgb as the farm does."""
    from mcdenoise.rendering import scene

    def load_scene(
        size: tuple[int, int] | None = None, pixel_filter: str = "box", path: Path | None = None, **parts: str
    ) -> scene.LoadedScene:
        path = path or write_scene(**parts)
        return scene.load(path, size, pixel_filter, scene.digest(path))

    return load_scene


@pytest.fixture(scope="session")
def llvm() -> str:
    """The LLVM variant. It must work on Linux x86-64, whose LLVM we install; elsewhere it may be missing."""
    found = probe("llvm_ad_rgb")
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        assert found.works, found.reason
    if not found.works:
        pytest.skip(f"no LLVM for Mitsuba on this machine: {found.reason}")
    return "llvm_ad_rgb"
