"""Modules of this package as programs of their own."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

# Without -P, `python -m` would import what lies in the working directory: a user's random.py, or a folder mcdenoise.
_PROGRAM = """
import os, runpy, sys
place, name = sys.argv[1:3]
if os.path.realpath(place) not in map(os.path.realpath, sys.path):
    sys.path.insert(0, place)
sys.argv[1:3] = []
runpy.run_module(name, run_name="__main__", alter_sys=True)
"""
_SAFE = "PYTHONSAFEPATH"
_PLACE = Path(__file__).absolute().parent.parent


def module_command(name: str, *arguments: object) -> list[str]:
    """The command that runs the module `name` of this very copy of the package, wherever it is called."""
    return [sys.executable, "-P", "-c", _PROGRAM, str(_PLACE), name, *map(str, arguments)]


@contextlib.contextmanager
def safe_path() -> Iterator[None]:
    """Processes that `multiprocessing` starts meanwhile import nothing of the working directory either."""
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE]
        else:
            os.environ[_SAFE] = before
