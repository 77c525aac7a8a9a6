"""Modules of this package as programs of their own."""

import sys
from pathlib import Path

# Without -P, `python -m` would import what lies in the working directory: a user's random.py, or a folder mcdenoise.
_PROGRAM = """
import runpy, sys
place, name = sys.argv[1:3]
if place not in sys.path:
    sys.path.insert(0, place)
sys.argv[1:3] = []
runpy.run_module(name, run_name="__main__", alter_sys=True)
"""
_PLACE = Path(__file__).resolve().parent.parent


def module_command(name: str, *arguments: object) -> list[str]:
    """The command that runs the module `name` of this very copy of the package, wherever it is called."""
    return [sys.executable, "-P", "-c", _PROGRAM, str(_PLACE), name, *map(str, arguments)]
