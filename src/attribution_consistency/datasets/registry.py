"""Remote files: where each is published, where it lies on this machine, and how to fetch it.

`resources/registry.tsv` lists every file that may be downloaded: its name here (a folder per task),
address at a fixed version, sha256, size in bytes and licence. A file is looked for first in the
mirror that `$ATTRIBUTION_CONSISTENCY_DATA` names, which is never written, then in the user's cache
folder, where `fetch` puts it. A file that the user names by its address (`from_address`) goes
through the same code; what is learnt about it is kept beside it, as a registry of one row.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import http.client
import os
import re
import shutil
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from .store import open_atomic

MIRROR_VARIABLE = "ATTRIBUTION_CONSISTENCY_DATA"
COLUMNS = ("name", "url", "sha256", "bytes", "licence")
REGISTRY = Path(__file__).resolve().parents[1] / "resources" / "registry.tsv"
CHUNK = 1 << 16

TSV = "\t".join
Progress = Callable[[str, int, int], None]


class RegistryError(ValueError):
    """A remote file is unknown, absent, damaged or cannot be fetched: says which and what to do."""


class Entry(NamedTuple):
    """One remote file."""

    name: str
    url: str
    sha256: str
    bytes: int
    licence: str


def read_registry(path: str | os.PathLike[str]) -> tuple[Entry, ...]:
    """Read a registry: a tab-separated file with the columns of `COLUMNS`.

    Raises
    ------
    RegistryError
        Naming the file and the row, if a column is missing or a value is not what it should be.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path}: cannot be read ({error})") from None
    if not lines or tuple(lines[0].split("\t")) != COLUMNS:
        raise RegistryError(f"{path}: the first row is not {', '.join(COLUMNS)}")
    table = []
    for row, line in enumerate(lines[1:], start=2):
        values = line.split("\t")
        if len(values) != len(COLUMNS):
            raise RegistryError(f"{path}, row {row}: {len(values)} columns, not {len(COLUMNS)}")
        name, url, sha256, size, licence = values
        parts = PurePosixPath(name).parts
        if not name or name[0] == "/" or ".." in parts or "\\" in name or ":" in name:
            raise RegistryError(f"{path}, row {row}: {name!r} is not a name inside a folder")
        if urlsplit(url).scheme not in ("http", "https"):
            raise RegistryError(f"{path}, row {row}: {url!r} is not a web address")
        if not re.fullmatch("[0-9a-f]{64}", sha256) or not re.fullmatch("[0-9]+", size):
            raise RegistryError(f"{path}, row {row}: {name} has no valid sha256 or size")
        table.append(Entry(name, url, sha256, int(size), licence))
    return tuple(table)


@functools.cache
def _shipped() -> tuple[Entry, ...]:
    return read_registry(REGISTRY)


def entries(prefix: str = "", *, table: Sequence[Entry] | None = None) -> list[Entry]:
    """List the remote files whose name starts with `prefix`, such as `"gm12878_dnase/"`.

    Parameters
    ----------
    prefix : str
        All files by default.
    table : sequence of Entry, optional
        Another registry, as `read_registry` gives; the shipped one by default. The other functions
        of this module take it too.
    """
    table = _shipped() if table is None else table
    return [entry for entry in table if entry.name.startswith(prefix)]


def _host(entry: Entry) -> str:
    return urlsplit(entry.url).netloc


def _entry(name: str, table: Sequence[Entry] | None) -> Entry:
    for entry in entries(name, table=table):
        if entry.name == name:
            return entry
    raise RegistryError(f"{name}: not in the registry of remote files")


def cache_folder(
    platform: str = sys.platform,
    environ: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> Path:
    """Folder for downloads: the user's cache folder, by each system's custom.

    `$XDG_CACHE_HOME` or ~/.cache on Linux, ~/Library/Caches on macOS, %LOCALAPPDATA% on Windows.
    """
    home = home or Path.home()
    if platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        xdg = environ.get("XDG_CACHE_HOME", "")
        base = Path(xdg) if xdg.startswith("/") else home / ".cache"
    return base / "attribution-consistency"


def _folders() -> list[Path]:
    mirror = os.environ.get(MIRROR_VARIABLE)
    return ([Path(mirror).expanduser()] if mirror else []) + [cache_folder()]


def locate(name: str, *, table: Sequence[Entry] | None = None) -> Path | None:
    """Find a remote file on this machine, without a network.

    Parameters
    ----------
    name : str
        As in the registry.

    Returns
    -------
    Path or None
        In the mirror or else the cache, with the registered size; None if in neither. The hash is
        checked by `verified`.

    Raises
    ------
    RegistryError
        If the registry has no such file.
    """
    entry = _entry(name, table)
    for folder in _folders():
        path = folder / entry.name
        with contextlib.suppress(OSError):
            if path.is_file() and path.stat().st_size == entry.bytes:
                return path
    return None


def available(task: str, *, table: Sequence[Entry] | None = None) -> bool:
    """Whether every file of a task, a folder of the registry, is here with its size. Cheap.

    Raises
    ------
    RegistryError
        If the registry has no such task.
    """
    names = [entry.name for entry in entries(f"{task}/", table=table)]
    if not names:
        raise RegistryError(f"{task}: no such task in the registry of remote files")
    return all(locate(name, table=table) is not None for name in names)


def digest(path: Path, like: str = "") -> str:
    """SHA-256 of a file in hexadecimal; MD5 where `like` is one (32 digits)."""
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "md5" if len(like) == 32 else "sha256").hexdigest()
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read ({error.strerror or error})") from None


def verified(name: str, *, table: Sequence[Entry] | None = None) -> Path:
    """Find a remote file on this machine and check its sha256.

    Raises
    ------
    RegistryError
        If it is not here, or is not the registered file.
    """
    entry = _entry(name, table)
    path = locate(name, table=table)
    if path is None:
        raise RegistryError(f"{name}: not on this machine: {_what_to_do(entry)}")
    if (found := digest(path)) != entry.sha256:
        raise RegistryError(
            f"{path}: sha256 is {found[:12]}…, expected {entry.sha256[:12]}…: not "
            "the registered file; remove it, then run `attribution-consistency "
            "fetch`"
        )
    return path


def _what_to_do(entry: Entry) -> str:
    command = "attribution-consistency fetch"
    command += " --networks" * entry.name.startswith("koo_synthetic_models/")
    advice = (
        f"run `{command}` with a network (from {_host(entry)}), "
        f"or point ${MIRROR_VARIABLE} at a folder that holds it"
    )
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror and not Path(mirror).expanduser().is_dir():
        advice += f" (it now names {mirror}, which is not a folder)"
    return advice


def terminal_progress(text: str, done: int, total: int) -> None:
    """Show progress on standard error: a bar that moves on a terminal, else the start only."""
    if done == 0 and total:
        print(text, file=sys.stderr, flush=True)
    elif sys.stderr.isatty():
        bar = f"{'#' * (20 * done // total):.<20} " if total else ""
        bar += f"{done / total:4.0%} of {megabytes(total)}  {text}" if total else text
        # Back to the start of the line, so that an error message would cover it.
        print(f"{bar[:79]:<79}", end="\n" if done >= total else "\r", file=sys.stderr, flush=True)


def megabytes(n: int) -> str:
    """A size in bytes as people read it: `"26.2 MB"`."""
    return f"{n / 1e6:.1f} MB" if n >= 1e5 else f"{n / 1e3:.1f} kB"


def fetch(
    names: Iterable[str],
    *,
    progress: Progress | None = terminal_progress,
    timeout: float = 10.0,
    table: Sequence[Entry] | None = None,
) -> list[Path]:
    """Download the named files that are not on this machine yet into the user's cache folder.

    A file appears under its name only when it is complete and its sha256 is right. What an
    interrupted download left is resumed where the server allows it. The first failure stops.

    Parameters
    ----------
    names : iterable of str
        As in the registry.
    progress : callable, optional
        Called with a text, the bytes done and the bytes to do in all: first, before anything is
        downloaded, with how many files, how much, whence and whereto; then as bytes arrive. None is
        silent.
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
    _download([e for e in wanted if locate(e.name, table=table) is None], progress, timeout)
    return [verified(entry.name, table=table) for entry in wanted]


def from_address(task: str, url: str, expected: str = "", *, timeout: float = 10.0) -> Entry:
    """Registry row of a file that the user names by its address.

    The server is asked for the size only. A file that was downloaded before is found without a
    network, by the row that `fetched` left beside it.

    Parameters
    ----------
    task : str
        Folder in the cache.
    url : str
        Address, http or https.
    expected : str
        SHA-256 or MD5 in hexadecimal; empty where it is not known.

    Raises
    ------
    RegistryError
        If there is no answer, or none that tells the size; or if the file that is here has
        another hash.
    """
    name = f"{task}/{hashlib.sha256(url.encode()).hexdigest()[:8]}-{PurePosixPath(url).name}"
    record = cache_folder() / f"{name}.tsv"
    known = read_registry(record) if record.is_file() else ()
    if known and (path := locate(name, table=known)):
        if expected and (found := digest(path, expected)) != expected:
            raise RegistryError(
                f"{path}: its hash is {found[:12]}…, expected {expected[:12]}…: "
                "remove the file, then run again"
            )
        return known[0]
    unsized = Entry(name, url, expected, 1, "")
    with _open(unsized, "bytes=0-0", timeout) as response:
        whole = response.headers.get("Content-Length") if response.status == 200 else None
        size = whole or response.headers.get("Content-Range", "").rpartition("/")[2]
    if not size.isdigit():
        raise RegistryError(
            f"{url}: the server does not tell the size: download the file yourself "
            "and name its path"
        )
    return unsized._replace(bytes=int(size))


def fetched(
    entries: Sequence[Entry],
    *,
    progress: Progress | None = terminal_progress,
    timeout: float = 10.0,
) -> list[tuple[Path, str]]:
    """Download what `from_address` described, and record the SHA-256 of each file beside it.

    Returns
    -------
    list of (Path, str)
        Where each file lies, and its SHA-256.

    Raises
    ------
    RegistryError
        As `fetch`.
    """
    missing = [e for e in entries if locate(e.name, table=entries) is None]
    _download(missing, progress, timeout)
    files = []
    for entry in entries:
        record = cache_folder() / f"{entry.name}.tsv"
        if entry in missing or not record.is_file():
            path = locate(entry.name, table=entries)
            sha256 = digest(path)  # type: ignore[arg-type]  # it is here, or was just downloaded
            with open_atomic(record) as out:
                row = (entry.name, entry.url, sha256, str(entry.bytes), "")
                out.write(f"{TSV(COLUMNS)}\n{TSV(row)}\n".encode())
        known = read_registry(record)
        files.append((verified(entry.name, table=known), known[0].sha256))
    return files


def _download(missing: list[Entry], progress: Progress | None, timeout: float) -> None:
    missing = list(dict.fromkeys(missing))
    if not missing:
        return
    cache, total = cache_folder(), sum(entry.bytes for entry in missing)
    hosts = ", ".join(sorted(set(map(_host, missing))))
    report = progress or (lambda text, done, total: None)
    files = f"{len(missing)} file" + "s" * (len(missing) > 1)
    report(f"{files}, {megabytes(total)}, from {hosts} to {cache}", 0, total)
    with _writing(cache, missing[0]):
        cache.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(cache).free) < total:
            raise RegistryError(
                f"{missing[0].name}: {megabytes(total)} to download and "
                f"{megabytes(free)} free in {cache}: make room"
            )
    done = 0
    with _writing(cache, missing[0]), _alone(cache):
        for entry in missing:
            target = cache / entry.name

            def reached(n, name=entry.name, before=done):
                # Never the last call: that one says "done".
                report(name, min(before + n, total - 1), total)

            with _writing(cache, entry):
                # Another process may have fetched it while this one waited.
                if not (target.is_file() and target.stat().st_size == entry.bytes):
                    _download_one(entry, target, timeout, reached)
            done += entry.bytes
    report("done", total, total)


@contextlib.contextmanager
def _writing(folder: Path, entry: Entry) -> Iterator[None]:
    """Turn what the file system refuses into one line."""
    try:
        yield
    except OSError as error:
        advice = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check the folder"
        raise RegistryError(
            f"{entry.name}: cannot be written in {folder} "
            f"({error.strerror or error}): {advice}, then run again"
        ) from None


@contextlib.contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Let one process at a time download into the cache, where the system has file locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(cache / ".lock", "ab") as handle:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _download_one(entry: Entry, target: Path, timeout: float, report) -> None:
    """Download one file to `<name>.part`, check it, and give it its name."""
    host = _host(entry)
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    have = part.stat().st_size if part.is_file() else 0
    if have >= entry.bytes:
        part.unlink()
        have = 0
    try:
        with open(part, "ab") as out:
            if entry.bytes:
                _transfer(entry, out, have, timeout, report)
            out.flush()
            os.fsync(out.fileno())
    except RegistryError:
        if part.stat().st_size == 0:
            part.unlink()
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            part.unlink(missing_ok=True)
        raise
    size, found = part.stat().st_size, digest(part, entry.sha256)
    if size < entry.bytes:
        raise RegistryError(
            f"{entry.name}: {host} closed the connection after {size} of "
            f"{entry.bytes} bytes: run again to resume"
        )
    if size > entry.bytes or (entry.sha256 and found != entry.sha256):
        part.unlink()
        kind = "md5" if len(entry.sha256) == 32 else "sha256"
        what = f"more than {entry.bytes} bytes" if size > entry.bytes else f"{kind} {found[:12]}…"
        wanted = f" with {kind} {entry.sha256[:12]}…" if entry.sha256 else ""
        raise RegistryError(
            f"{entry.name}: {host} sent {what}, expected {entry.bytes} bytes"
            f"{wanted}: nothing was kept; run again, and if it persists the "
            "published file has changed"
        )
    os.replace(part, target)


def _transfer(entry: Entry, out, have: int, timeout: float, report) -> None:
    """Append to `out` what the server sends, from byte `have` on if it agrees to resume."""
    host = _host(entry)
    with _open(entry, f"bytes={have}-" if have else "", timeout) as response:
        sent = response.headers.get("Content-Range", "") if response.status == 206 else ""
        if not sent.startswith(f"bytes {have}-"):
            if response.status != 200:
                raise RegistryError(
                    f"{entry.name}: {host} answered {response.status} for "
                    f"{entry.url}: run again later"
                )
            out.truncate(0)
            have = 0
        while have <= entry.bytes:
            try:
                chunk = response.read1(CHUNK)
            except (OSError, http.client.HTTPException) as error:
                reason = "no more bytes came" if isinstance(error, TimeoutError) else error
                raise RegistryError(
                    f"{entry.name}: the download from {host} stopped "
                    f"after {have} of {entry.bytes} bytes ({reason}): "
                    "run again to resume"
                ) from None
            if not chunk:
                break
            out.write(chunk)
            have += len(chunk)
            report(have)


def _open(entry: Entry, span: str, timeout: float) -> http.client.HTTPResponse:
    """Open the address, or the span of bytes of it, in a thread of its own.

    A name look-up and one attempt per address of the host, each with its own time limit, could add
    up to minutes on a machine without a network; waiting for the thread bounds them together.
    """
    host = _host(entry)
    request = urllib.request.Request(entry.url, headers={"User-Agent": "attribution-consistency"})
    if span:
        request.add_header("Range", span)
    box: list = []

    def attempt() -> None:
        try:
            box.append(urllib.request.urlopen(request, timeout=timeout))
        except Exception as error:  # raised again below, in the caller's thread
            box.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(timeout)
    answer = box[0] if box else TimeoutError()
    advice = f"point ${MIRROR_VARIABLE} at a folder that holds the file"
    if isinstance(answer, urllib.error.HTTPError):
        if answer.code == 416 and span:
            answer.close()
            return _open(entry, "", timeout)
        raise RegistryError(
            f"{entry.name}: {host} answered {answer.code} {answer.reason} for "
            f"{entry.url}: run again later, or {advice}"
        )
    if isinstance(answer, Exception):
        reason = getattr(answer, "reason", answer)
        if isinstance(reason, TimeoutError):
            reason = f"no answer within {timeout:g} s"
        reason = " ".join(str(reason).split())
        raise RegistryError(
            f"{entry.name}: cannot reach {host} ({reason}): connect to a network, or {advice}"
        )
    return answer
