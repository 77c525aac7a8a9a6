"""The command line within this process: as the installed command runs it, but without the seconds of imports."""

import subprocess
import sys
from pathlib import Path

from mcdenoise.cli import main


def run(capfd, monkeypatch, *arguments):
    """(exit code, standard output, standard error) of `mcdenoise ARGUMENTS...`."""
    monkeypatch.setattr(sys, "argv", ["mcdenoise", *map(str, arguments)])
    capfd.readouterr()
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code or 0
    said = capfd.readouterr()
    return code, said.out, said.err


def run_alone(*arguments, **options):
    """The same in a process of its own, as a user would."""
    command = [sys.executable, str(Path(__file__).parent.parent / "cli.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def everything_below(folder):
    """Every path below `folder`, with the contents of files: to see that nothing was written."""
    return {path: path.read_bytes() if path.is_file() else None for path in sorted(Path(folder).rglob("*"))}
