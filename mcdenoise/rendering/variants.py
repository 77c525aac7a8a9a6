"""Which Mitsuba variants work on this machine, and which one to use.

Mitsuba's LLVM and CUDA variants depend on libraries outside it, and a wrong LLVM aborts the whole process; so each
variant is tried in a process of its own before it is trusted.
"""

import functools
import importlib.metadata
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mcdenoise.errors import VariantError
from mcdenoise.module_command import module_command
from mcdenoise.rendering.reasons import one_line

AUTOMATIC = ("cuda_ad_rgb", "llvm_ad_rgb", "scalar_rgb")
"""What `auto` chooses from, fastest first."""

SCALAR_SAMPLES_PER_CORE = 250_000
"""Up to so many samples of a scene, times the processor's cores, scalar_rgb is done before the kernels of another
variant are compiled: that takes one core about 2.5 s for a new scene, and scalar_rgb renders 0.1 M samples/s a core."""

_PROBE_SECONDS = 120

_GPU_DEVICES = ("nvidia*", "nvhost*", "nvgpu*", "dxg")
"""What CUDA opens below /dev on Linux: of the driver, of Tegra's, and of Windows' below WSL."""


@dataclass(frozen=True)
class Probe:
    """What came of trying a variant: `reason` says why it works or why not, in one line."""

    variant: str
    works: bool
    reason: str


def llvm_library() -> Path | None:
    """The LLVM shared library of the installed `karellen-llvm-core` package, or None."""
    try:
        files = importlib.metadata.files("karellen-llvm-core") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    libraries = sorted(str(file.locate()) for file in files if file.name.startswith("libLLVM.so."))
    return Path(libraries[0]).resolve() if libraries else None


def prepare_environment() -> None:
    """Point Dr.Jit to a working LLVM; to be called before the first `import mitsuba` of a process.

    A DRJIT_LIBLLVM_PATH that is already set is the user's choice and stays.
    """
    library = llvm_library()
    if library is not None and library.is_file():
        os.environ.setdefault("DRJIT_LIBLLVM_PATH", str(library))


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mitsuba_version() -> str:
    """The version of the installed Mitsuba, without importing it."""
    return importlib.metadata.version("mitsuba")


def scalar_below(cores: int) -> int:
    """From how many samples of a scene on the variants that compile kernels are worth it: see SCALAR_SAMPLES_PER_CORE.

    Compiling takes one core whatever their number, and rendering all of them.
    """
    return SCALAR_SAMPLES_PER_CORE * cores


@functools.cache
def probe(variant: str) -> Probe:
    """Render a tiny scene with `variant` in a subprocess; a crash there is an answer, not an accident."""
    if variant.startswith("cuda") and sys.platform == "linux" and not _gpu_devices():
        return Probe(variant, False, "no CUDA driver or GPU found")
    command = module_command("mcdenoise.rendering.probe", variant)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Probe(variant, False, f"gave no answer in {_PROBE_SECONDS} s")
    if done.returncode == 0:
        return Probe(variant, True, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "works")
    said = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
    ending = f"killed by signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    if "CUDA backend hasn't been initialized" in done.stderr:
        return Probe(variant, False, "no CUDA driver or GPU found")
    return Probe(variant, False, f"{one_line(said[-1], 400)} ({ending})" if said else ending)


def _gpu_devices() -> list[Path]:
    return [device for pattern in _GPU_DEVICES for device in Path("/dev").glob(pattern)]


def choose(variant: str = "auto") -> Probe:
    """The variant to render with: the one asked for, or for `auto` the first of AUTOMATIC that works.

    `reason` of the answer says why. Raises VariantError if the one asked for does not work, or none does.
    """
    if variant != "auto":
        asked = probe(variant)
        if not asked.works:
            unknown = "no such variant" in asked.reason
            raise VariantError(f"Mitsuba variant {variant} does not work here: {asked.reason}.", misuse=unknown)
        return Probe(variant, True, "asked for")
    failed = []
    for candidate in AUTOMATIC:
        tried = probe(candidate)
        if tried.works:
            why = "the fastest that works here"
            if failed:
                why += "; " + "; ".join(f"{other.variant}: {other.reason}" for other in failed)
            return Probe(candidate, True, why)
        failed.append(tried)
    reasons = "; ".join(f"{other.variant}: {other.reason}" for other in failed)
    raise VariantError(f"no Mitsuba variant works here: {reasons}.")
