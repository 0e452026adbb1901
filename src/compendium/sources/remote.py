"""Remote files: where each is published, where it lies on this machine, and how to fetch it.

`resources/registry.tsv` lists every file that may be downloaded: its name here (a folder per task),
address at a fixed version, SHA-256, size in bytes and licence. A file is looked for first in the
mirror that `$ATTRIBUTION_CONSISTENCY_DATA` names, which is never written, then in the user's cache
folder, where `fetch` puts it. Nothing is downloaded whose hash is not known beforehand.

Downloads are pooch's, which gives up resuming: what was interrupted is fetched from its beginning.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import hashlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from platformdirs import user_cache_dir
from tqdm import tqdm

from ..paths import text_sha256

MIRROR_VARIABLE = "ATTRIBUTION_CONSISTENCY_DATA"
REGISTRY = Path(__file__).resolve().parents[1] / "resources" / "registry.tsv"
RETRIES = 2
SLOWEST = 20_000  # bytes a second; a server that sends less is given up

Progress = Callable[[str, int], tqdm]


class RegistryError(ValueError):
    """A remote file is unknown, absent, damaged or cannot be fetched: says which and what to do."""


class UnreachableError(RegistryError):
    """A host does not answer, which it will not do for the next file either."""


class Entry(NamedTuple):
    """One remote file: `sha256` may be `md5:` and an MD5, `bytes` 0 where the size is not known."""

    name: str
    url: str
    sha256: str
    bytes: int
    licence: str


@functools.cache
def _shipped() -> tuple[Entry, ...]:
    with open(REGISTRY, encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file, delimiter="\t")
    return tuple(Entry(name, url, sha, int(size), terms) for name, url, sha, size, terms in rows)


def entries(prefix: str = "", *, table: Sequence[Entry] | None = None) -> list[Entry]:
    """List the remote files whose name starts with `prefix`, such as `"gm12878_dnase/"`.

    Parameters
    ----------
    prefix : str
        All files by default.
    table : sequence of Entry, optional
        Another registry; the shipped one by default. The other functions of this module take it
        too.
    """
    table = _shipped() if table is None else table
    return [entry for entry in table if entry.name.startswith(prefix)]


def from_address(task: str, url: str, known: str) -> Entry:
    """Registry row of a file that the user names by its address.

    Parameters
    ----------
    task : str
        Folder in the cache.
    url : str
        Address, http or https.
    known : str
        `sha256:` or `md5:` and the hash in hexadecimal.

    Raises
    ------
    RegistryError
        If the hash is not known.
    """
    if not known:
        raise RegistryError(
            f"{url}: its hash is not known, so it is not downloaded: add #md5=… or #sha256=…, or "
            "download the file yourself and name its path"
        )
    return Entry(f"{task}/{text_sha256(url)[:8]}-{PurePosixPath(url).name}", url, known, 0, "")


def _entry(name: str, table: Sequence[Entry] | None) -> Entry:
    for entry in entries(name, table=table):
        if entry.name == name:
            return entry
    raise RegistryError(f"{name}: not in the registry of remote files")


def cache_folder() -> Path:
    """Folder for downloads: the user's cache folder, by each system's custom."""
    return Path(user_cache_dir("attribution-consistency"))


def locate(name: str, *, table: Sequence[Entry] | None = None) -> Path | None:
    """Find a remote file on this machine, without a network.

    Parameters
    ----------
    name : str
        As in the registry.

    Returns
    -------
    Path or None
        In the mirror or else the cache, with the registered hash; None if in neither.

    Raises
    ------
    RegistryError
        If the registry has no such file.
    """
    entry = _entry(name, table)
    return next((path for path in _places(entry) if _is_registered(path, entry)), None)


def _places(entry: Entry) -> list[Path]:
    """Files under this name: in the mirror, in the cache."""
    mirror = os.environ.get(MIRROR_VARIABLE)
    folders = ([Path(mirror).expanduser()] if mirror else []) + [cache_folder()]
    return [folder / entry.name for folder in folders if (folder / entry.name).is_file()]


def _is_registered(path: Path, entry: Entry) -> bool:
    """Whether a file is the registered one; one that stays as it is, is read only once."""
    now = path.stat()
    known = now.st_size, now.st_mtime_ns, now.st_ino
    return entry.bytes in (0, now.st_size) and _has_hash(path, entry.sha256, known)


@functools.lru_cache(None)
def _has_hash(path: Path, digest: str, known: tuple[int, ...]) -> bool:
    return has_hash(path, digest)


def available(task: str, *, table: Sequence[Entry] | None = None) -> bool:
    """Whether every file of a task, a folder of the registry, is here.

    Raises
    ------
    RegistryError
        If the registry has no such task.
    """
    names = [entry.name for entry in entries(f"{task}/", table=table)]
    if not names:
        raise RegistryError(f"{task}: no such task in the registry of remote files")
    return all(locate(name, table=table) is not None for name in names)


def has_hash(path: Path, known: str) -> bool:
    """Whether a file has this hash: a SHA-256, or another kind, as in `md5:…`."""
    kind, _, value = known.rpartition(":")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind or "sha256").hexdigest() == value.lower()


def verified(name: str, *, table: Sequence[Entry] | None = None) -> Path:
    """Find a remote file on this machine.

    Raises
    ------
    RegistryError
        If it is not here, or is not the registered file.
    """
    if path := locate(name, table=table):
        return path
    entry = _entry(name, table)
    found = "".join(f"{path} is not the registered file; " for path in _places(entry))
    raise RegistryError(f"{name}: not on this machine: {found}{_what_to_do(entry)}")


def _what_to_do(entry: Entry) -> str:
    command = "python -m compendium fetch"
    command += " --networks" * entry.name.startswith("koo_synthetic_models/")
    advice = (
        f"run `{command}` with a network (from {urlsplit(entry.url).netloc}), "
        f"or point ${MIRROR_VARIABLE} at a folder that holds it"
    )
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror and not Path(mirror).expanduser().is_dir():
        advice += f" (it now names {mirror}, which is not a folder)"
    return advice


def terminal_progress(text: str, total: int) -> tqdm:
    """Bar of bytes on standard error, where that is a terminal."""
    return tqdm(desc=text, total=total, unit="B", unit_scale=True, leave=False, disable=None)


def fetch(
    names: Iterable[str],
    *,
    progress: Progress | None = terminal_progress,
    timeout: float = 10.0,
    table: Sequence[Entry] | None = None,
) -> list[Path]:
    """Download the named files that are not on this machine yet into the user's cache folder.

    A file appears under its name only when it is complete and its hash is right. Each is tried
    three times; the others follow, unless the host does not answer. One `fetch` waits for another.

    Parameters
    ----------
    names : iterable of str
        As in the registry.
    progress : callable, optional
        From a text and the bytes to do to a bar of tqdm. With it, how many files come, how much,
        whence and whereto is printed first. None is silent.
    timeout : float
        Seconds to wait for a connection, or for the next bytes.

    Returns
    -------
    list of Path
        Where each file lies, in the order of `names`.

    Raises
    ------
    RegistryError
        Naming the file, the host and what to do.
    """
    wanted = [_entry(name, table) for name in names]
    missing = [entry for entry in dict.fromkeys(wanted) if not locate(entry.name, table=table)]
    if missing and progress:
        hosts = ", ".join(sorted({urlsplit(entry.url).netloc for entry in missing}))
        size = f"{sum(entry.bytes for entry in missing) / 1e6:.1f} MB"
        size = size if all(entry.bytes for entry in missing) else "size not known"
        summary = f"files: {len(missing)}, {size}, from {hosts} to {cache_folder()}"
        print(summary, file=sys.stderr, flush=True)
    failed = []
    with _alone() if missing else contextlib.nullcontext():
        for entry in missing:
            try:
                if not locate(entry.name, table=table):  # another may have fetched it
                    _download(entry, progress, timeout)
            except RegistryError as error:
                failed.append(str(error))
                if isinstance(error, UnreachableError):
                    break
    if failed:
        raise RegistryError("; ".join(failed[:3] + [f"{len(failed) - 3} more"] * (len(failed) > 3)))
    return [verified(entry.name, table=table) for entry in wanted]


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time download; the others say that they wait."""
    import fcntl

    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        lock = open(cache_folder() / ".lock", "w")  # noqa: SIM115, closed below
    except OSError:
        yield  # what cannot be written is said at the first file
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another process downloads; waiting for it", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(entry: Entry, progress: Progress | None, timeout: float) -> None:
    """Have pooch download one file into the cache; what fails becomes one line."""
    # Slow to import, and in a notebook tqdm, which pooch imports, warns of what is not installed.
    import pooch
    import requests

    host = urlsplit(entry.url).netloc
    hashes, urls = {entry.name: entry.sha256}, {entry.name: entry.url}
    pooch.get_logger().setLevel("WARNING")
    cache = pooch.Pooch(cache_folder(), "", hashes, urls, retry_if_failed=RETRIES)
    limit = 6 * timeout + entry.bytes / SLOWEST if entry.bytes else math.inf
    silent = contextlib.nullcontext()
    try:
        with progress(entry.name, entry.bytes or 1) if progress else silent as bar:

            def receive(url: str, path: str, _: object) -> None:
                with open(path, "wb") as out:
                    for piece in _pieces(url, timeout, limit):
                        out.write(piece)
                        if bar is not None:
                            bar.update(len(piece))

            Path(cache.fetch(entry.name, downloader=receive)).chmod(0o644)
    except requests.RequestException as error:
        reason = type(error).__name__ if error.response is None else error
        kind = UnreachableError if error.response is None else RegistryError
        raise kind(
            f"{entry.name}: cannot be fetched from {host} ({reason}): connect to a network, run "
            f"again later, or point ${MIRROR_VARIABLE} at a folder that holds the file"
        ) from None
    except OSError as error:
        raise RegistryError(
            f"{entry.name}: cannot be written in {cache_folder()} ({error.strerror or error}): "
            "make room or check the folder, then run again"
        ) from None
    except ValueError:
        raise RegistryError(
            f"{entry.name}: {host} sent another file than the one with the hash "
            f"{entry.sha256[:16]}…: nothing was kept; run again, and if it persists the published "
            "file has changed"
        ) from None


def _pieces(url: str, timeout: float, limit: float) -> Iterator[bytes]:
    """What a server sends, as it comes, for at most `limit` seconds."""
    import requests
    import urllib3

    end = time.monotonic() + limit
    headers = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=timeout, headers=headers) as response:
        response.raise_for_status()
        try:
            while piece := response.raw.read1(1 << 16):
                yield piece
                if time.monotonic() > end:
                    raise requests.Timeout(f"not here after {limit:.0f} s", response=response)
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ChunkedEncodingError(error) from None
