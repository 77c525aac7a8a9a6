"""The caller's end of a rendering process: see `child` for the other."""

import contextlib
import pickle
import subprocess
from typing import Any

from mcdenoise.module_command import module_command
from mcdenoise.rendering import child

_SECONDS_TO_END = 60.0


class ProcessDied(Exception):
    """The rendering process is gone: a crash of Mitsuba, no memory left, or killed from outside."""


class RenderingProcess:
    """A process that describes and renders scenes, one request at a time, and writes frames behind that.

    Not by `multiprocessing`, whose children daemonic processes (as the workers of Dask) may not have, and whose
    `spawn` would import the command line once more. keep_leftovers: see `child.KEEP_LEFTOVERS`.
    """

    def __init__(self, keep_leftovers: bool):
        command = module_command(child.__name__, *([child.KEEP_LEFTOVERS] if keep_leftovers else []))
        # A session of its own: Ctrl-C is for the caller, who then lets this process finish what it writes.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, kind: str, value: Any) -> None:
        """Ask to `describe` a Setting, for its `keyframes`, or to `render` a Job. Raises ProcessDied."""
        try:
            pickle.dump((kind, value), self._process.stdin)
            self._process.stdin.flush()
        except (OSError, ValueError):  # ValueError: stopped
            raise ProcessDied from None

    def receive(self) -> tuple[str, Any]:
        """Wait for the next answer; raises ProcessDied.

        To `describe` and `keyframes`: ("answered", Description or list of Keyframe), or ("refused", reason). To
        `render`: ("taken", None) when the next request may come, or ("failed", Failed) if it cannot be rendered; and
        for each job that was taken, at any time, ("finished", Outcome).
        """
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise ProcessDied from None

    def stop(self) -> None:
        """Have it end once the frames that it has rendered are written; what it is rendering is given up.

        Returns when it has ended. May be called from another thread than that which waits for its answers.
        """
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_SECONDS_TO_END)
        finally:  # another Ctrl-C too
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        """Stop it, and close what was between it and the caller."""
        self.stop()
        self._process.stdout.close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
