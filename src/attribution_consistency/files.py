"""Files that appear under their name only once they are complete and on the disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
from collections.abc import Iterator
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


def sha256(path: str | PathLike[str]) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
