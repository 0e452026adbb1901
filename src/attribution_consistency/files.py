"""Files that appear under their name only once they are complete and on the disk."""

import contextlib
import hashlib
import os
import secrets
import socket
from collections.abc import Collection, Iterator
from itertools import chain
from os import PathLike
from pathlib import Path

TEMPORARY = ".part-"


@contextlib.contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[Path]:
    """Temporary path beside `path`, renamed to it when the block ends without an error.

    On any error the temporary file is removed and an older one under the name stays. Missing
    folders are made. The suffix is kept, so that NumPy adds none. An OSError that names no file,
    such as that of a full disk, names this one.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"{path}: is there, and is no file")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two computers of a cluster may have processes of the same number.
    mark = f"{socket.gethostname()}-{secrets.token_hex(4)}"
    temporary = path.with_name(f"{TEMPORARY}{mark}-{path.name}")
    try:
        yield temporary
        with open(temporary, "r+b") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def alone(folder: Path, names: Collection[str]) -> Iterator[None]:
    """Be the only process that writes files of some names into a folder, or raise ValueError.

    The lock is the system's, so that none is left of a process that was killed; what such a one
    had begun to write is removed. A folder that is made here and stays empty is removed again.
    """
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            import fcntl

            held = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, held)
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"{folder}: another run writes there: wait for its end") from None
        except (ImportError, OSError):  # a system without such locks
            pass
        for left in chain(*(folder.glob(f"{TEMPORARY}*-{name}") for name in names)):
            left.unlink()
        try:
            yield
        finally:
            if new and not any(folder.iterdir()):
                folder.rmdir()


def sha256(path: str | PathLike[str]) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
