"""Processes below a process, seen through /proc."""

import time
from pathlib import Path


def children_of(pid):
    """Processes below `pid`, its children's children too, with their start times (a number may be used again)."""
    found = set()
    for folder in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (folder / "children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            continue
        for child in map(int, children):
            found |= {(child, start_time(child))} | children_of(child)
    return found


def worker_of(pid):
    """Whether a rendering process has been started below `pid`."""
    return any(b"mcdenoise.rendering.child" in command_of(child) for child, _ in children_of(pid))


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def start_time(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return None


def dead(pid):
    """Whether our child `pid` has ended, with all its threads; it may still wait to be waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "Z" and len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(condition, seconds=120.0):
    """Poll until `condition()` holds; the limit only keeps a broken test from hanging."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)
