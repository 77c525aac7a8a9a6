"""Files that appear whole or not at all: written under a temporary name beside their place, then renamed."""

import contextlib
import errno
import os
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path

_MARK = ".writing-"


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path to write to; on a clean exit it takes the name `path`, on an error it is removed.

    The temporary name keeps the suffix of `path` (writers choose a format by it) and lies in the same folder
    (a rename across file systems would not be atomic).
    """
    path = Path(path)
    token = secrets.token_hex(4)  # processes of two machines may have one number, and write the same path
    temporary = path.with_name(f"{_MARK}{os.getpid()}-{token}-{path.name}")
    try:
        yield temporary
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        os.replace(temporary, path)
    except OSError as error:
        if error.filename is not None and Path(error.filename) == temporary:
            error.filename = str(path)  # the name that means something to whoever reads the message
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` (UTF-8) to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def remove_leftovers(folder: str | os.PathLike, of_living: bool = False, names: Collection[str] | None = None) -> None:
    """Remove temporary files in `folder` whose writing process is gone (killed while writing).

    of_living: also those of processes that live; only the caller can know of processes of other machines. names: only
    those that were to become files of these names.
    """
    for leftover in Path(folder).glob(f"{_MARK}*"):
        pid, _, rest = leftover.name[len(_MARK) :].partition("-")
        if names is not None and rest.partition("-")[2] not in names:
            continue
        if pid.isdigit() and (of_living or not _alive(int(pid))):
            leftover.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
