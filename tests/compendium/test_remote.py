"""The registry of remote files, against a small server on this machine."""

import contextlib
import errno
import hashlib
import http.server
import os
import re
import shutil
import stat
import sys
import threading
import time
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest

from compendium.sources import remote

CONTENT = bytes(range(256)) * 1000


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the last part of the address."""

    def do_GET(self):
        server = self.server
        server.requests.append(self.path)
        kind = self.path.rsplit("/", 1)[-1]
        if kind == "gone":
            return self.send_error(404, "Not Found")
        if kind == "hang":
            server.release.wait(20)
            return None
        content = {"other": CONTENT[::-1], "longer": CONTENT * 3}.get(kind, CONTENT)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if kind in ("cut", "stall") or (
            kind == "cut_once" and server.requests.count(self.path) == 1
        ):
            self.wfile.write(content[:100_000])
            self.wfile.flush()
            if kind == "stall":
                server.release.wait(20)
            self.close_connection = True
            return None
        for byte in content[: 1000 if kind == "drip" else 0]:
            if server.release.wait(0.05):
                return None
            self.wfile.write(bytes([byte]))
        self.wfile.write(content)
        return None

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests = []
        server.release = threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.release.set()
        server.shutdown()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv(remote.MIRROR_VARIABLE, raising=False)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "cache"
    monkeypatch.setattr(remote, "cache_folder", lambda: folder)
    monkeypatch.setattr(remote, "RETRIES", 0)
    return folder


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    folder = tmp_path / "mirror"
    (folder / "task").mkdir(parents=True)
    monkeypatch.setenv(remote.MIRROR_VARIABLE, str(folder))
    return folder


def table(server, *kinds, content=CONTENT):
    sha256 = hashlib.sha256(content).hexdigest()
    port = server.server_address[1] if server else 1
    return tuple(
        remote.Entry(f"task/{kind}", f"http://127.0.0.1:{port}/{kind}", sha256, len(content), "")
        for kind in kinds
    )


def fetch(rows, **options):
    options = {"progress": None, "timeout": 5.0} | options
    return remote.fetch([row.name for row in rows], table=rows, **options)


def left(folder):
    return sorted(path.name for path in folder.rglob("[!.]*") if path.is_file())


def test_fetch(server, cache, capsys):
    rows = table(server, "a", "b")
    assert not remote.available("task", table=rows)
    paths = fetch(rows)
    assert capsys.readouterr().err == ""
    assert paths == [cache / "task" / "a", cache / "task" / "b"]
    assert all(path.read_bytes() == CONTENT for path in paths)
    assert left(cache) == ["a", "b"]
    assert stat.S_IMODE(paths[0].stat().st_mode) & stat.S_IROTH
    assert remote.available("task", table=rows)
    assert fetch(rows) == paths
    assert server.requests == ["/a", "/b"], "a file that is here is not fetched again"


def test_what_comes_is_announced_before_anything_is_asked_for(server, cache, capsys):
    def refuse(text, total):
        assert (text, total) == ("task/a", len(CONTENT))
        assert not server.requests
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fetch(table(server, "a", "b"), progress=refuse)
    shown = capsys.readouterr().err
    assert re.match(r"files: 2, 0.5 MB, from 127.0.0.1:\d+ to ", shown) and str(cache) in shown


def test_terminal_progress(server, cache, capsys, monkeypatch):
    fetch(table(server, "a"), progress=remote.terminal_progress)
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fetch(table(server, "b"), progress=remote.terminal_progress)
    assert "\rtask/b: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("gone", r"task/gone: cannot be fetched from 127\.0\.0\.1:\d+ \(404 .*Not Found for url"),
        (
            "other",
            r"task/other: 127\.0\.0\.1:\d+ sent another file .*: nothing was kept; run again",
        ),
        ("longer", "task/longer: .* sent another file"),
        ("cut", r"task/cut: cannot be fetched .*\(ChunkedEncodingError\): connect to a network"),
        ("stall", "task/stall: cannot be fetched .* run again later"),
    ],
)
def test_a_wrong_answer_leaves_nothing(server, cache, kind, message):
    rows = table(server, kind, "a")
    with pytest.raises(remote.RegistryError, match=message) as error:
        fetch(rows, timeout=0.5)
    assert "\n" not in str(error.value)
    lost = kind in ("cut", "stall")  # then the host is not asked again
    assert server.requests == [f"/{kind}"] + ["/a"] * (not lost)
    assert left(cache) == ["a"] * (not lost)
    assert remote.locate(rows[0].name, table=rows) is None


def test_an_interrupted_download_is_tried_again_from_its_beginning(server, cache, monkeypatch):
    monkeypatch.setattr(remote, "RETRIES", 1)
    (path,) = fetch(table(server, "cut_once"))
    assert path.read_bytes() == CONTENT
    assert server.requests == ["/cut_once"] * 2


def test_a_server_that_hangs(server, cache):
    with pytest.raises(remote.RegistryError, match="cannot be fetched from 127.* .ReadTimeout"):
        fetch(table(server, "hang", "a"), timeout=0.3)
    assert server.requests == ["/hang"]  # a host that hangs is not asked again


def test_no_network(cache):
    rows = table(None, "a", "b")  # nothing listens on port 1
    with pytest.raises(remote.RegistryError) as error:
        fetch(rows)
    message = str(error.value)
    assert message.startswith("task/a: cannot be fetched from 127.0.0.1:1 (ConnectionError): ")
    assert "connect to a network" in message and "\n" not in message
    assert "point $ATTRIBUTION_CONSISTENCY_DATA at a folder that holds the file" in message


def test_a_name_that_does_not_resolve(cache):
    (row,) = table(None, "a")
    row = row._replace(url="http://no-such-host.invalid/a")
    with pytest.raises(remote.RegistryError, match="task/a: .* from no-such-host.invalid"):
        fetch((row,), timeout=2.0)


def test_the_mirror_comes_first_and_is_never_written(server, cache, mirror):
    rows = table(server, "a", "b")
    (mirror / "task" / "a").write_bytes(CONTENT)
    (mirror / "task" / "b").write_bytes(CONTENT[:-1])
    assert fetch(rows) == [mirror / "task" / "a", cache / "task" / "b"]
    assert left(mirror) == ["a", "b"] and left(cache) == ["b"]
    assert (mirror / "task" / "b").read_bytes() == CONTENT[:-1]
    (mirror / "task" / "b").write_bytes(CONTENT)
    assert remote.locate("task/b", table=rows) == mirror / "task" / "b"


@pytest.mark.parametrize("place", ["cache", "mirror"])
def test_a_file_of_the_right_size_with_other_bytes_counts_as_missing_and_comes_anew(
    server, cache, mirror, place
):
    rows = table(server, "a", "b")
    damaged = {"cache": cache, "mirror": mirror}[place] / "task" / "a"
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_bytes(CONTENT[::-1])
    assert not remote.available("task", table=rows)
    with pytest.raises(remote.RegistryError, match="task/a: not on this machine: .*task/a is not"):
        remote.verified("task/a", table=rows)
    assert fetch(rows) == [cache / "task" / "a", cache / "task" / "b"]
    assert remote.verified("task/a", table=rows).read_bytes() == CONTENT
    assert place == "cache" or damaged.read_bytes() == CONTENT[::-1], "a mirror is never written"


def test_every_file_that_fails_is_named(server, cache):
    rows = table(server, "gone", "other", "a", "longer")
    with pytest.raises(remote.RegistryError) as error:
        fetch(rows)
    assert all(f"task/{kind}: " in str(error.value) for kind in ("gone", "other", "longer"))
    assert left(cache) == ["a"]


def test_a_server_that_drips_is_given_up(server, cache, monkeypatch):
    monkeypatch.setattr(remote, "SLOWEST", 1e9)
    with pytest.raises(remote.RegistryError, match="task/drip: .*not here after 6 s"):
        fetch(table(server, "drip"), timeout=1)  # each byte comes in time, all of them do not
    assert left(cache) == []


def test_a_second_fetch_says_that_it_waits(server, cache, capsys):
    first = threading.Thread(target=_quietly, args=(table(server, "hang"),))
    first.start()
    while not server.requests:
        time.sleep(0.01)
    second = threading.Thread(target=_quietly, args=(table(server, "a"),))
    second.start()
    time.sleep(0.3)
    assert server.requests == ["/hang"]
    server.release.set()
    first.join()
    second.join()
    assert server.requests == ["/hang", "/a"]
    assert "another process downloads; waiting for it" in capsys.readouterr().err


def _quietly(rows):
    with contextlib.suppress(remote.RegistryError):
        fetch(rows)


def test_an_absent_file_says_where_to_get_it(server, cache, monkeypatch):
    rows = table(server, "a")
    monkeypatch.setenv(remote.MIRROR_VARIABLE, "/no/such/folder")
    with pytest.raises(remote.RegistryError) as error:
        remote.verified("task/a", table=rows)
    assert "task/a: not on this machine: run `python -m compendium fetch`" in str(error.value)
    assert "it now names /no/such/folder, which is not a folder" in str(error.value)


def test_a_full_disk(server, cache, monkeypatch):
    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "move", full)
    with pytest.raises(remote.RegistryError, match=r"\(No space left on device\): make room"):
        fetch(table(server, "a"))
    assert left(cache) == []


def test_a_cache_that_cannot_be_made(server, cache):
    cache.write_text("a file")
    with pytest.raises(remote.RegistryError, match="task/a: cannot be written in .*cache"):
        fetch(table(server, "a"))


def test_several_at_once_do_not_disturb_each_other(server, cache):
    rows = table(server, "a")
    threads = [threading.Thread(target=fetch, args=(rows,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (cache / "task" / "a").read_bytes() == CONTENT
    assert left(cache) == ["a"]


@pytest.mark.skipif(sys.platform != "linux", reason="the custom of Linux")
def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert remote.cache_folder() == tmp_path / "attribution-consistency"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert remote.cache_folder() == tmp_path / ".cache" / "attribution-consistency"
    assert not os.listdir(tmp_path), "asking makes no folder"


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_file_by_address(server, cache, kind):
    url = f"http://127.0.0.1:{server.server_address[1]}/a"
    row = remote.from_address("task", url, f"{kind}:{hashlib.new(kind, CONTENT).hexdigest()}")
    assert remote.locate(row.name, table=[row]) is None
    (path,) = fetch([row])
    assert path.parent == cache / "task" and path.name.endswith("-a")
    assert fetch([row]) == [path] and len(server.requests) == 1
    wrong = row._replace(sha256=f"{kind}:{'0' * 32}")
    with pytest.raises(remote.RegistryError, match="sent another file"):
        fetch([wrong])


def test_an_address_without_a_hash_is_not_asked(server):
    url = f"http://127.0.0.1:{server.server_address[1]}/a"
    with pytest.raises(remote.RegistryError, match=f"{url}: its hash is not known.*add #md5="):
        remote.from_address("task", url, "")
    assert not server.requests


def test_the_shipped_registry():
    rows = remote.entries()
    assert len({row.name for row in rows}) == len(rows)
    assert len(remote.entries("gm12878_dnase/")) == 25
    for row in rows:
        assert re.fullmatch("[A-Za-z0-9_]+/[A-Za-z0-9_.]+", row.name), row
        assert PurePosixPath(row.name).name not in (".", ".."), row
        address = urlsplit(row.url)
        assert address.scheme == "https" and address.netloc == "raw.githubusercontent.com", row
        assert re.search("/[0-9a-f]{40}/", address.path), f"no fixed version: {row}"
        assert re.fullmatch("[0-9a-f]{64}", row.sha256) and row.bytes > 0 and row.licence, row


def test_unknown_names():
    for call in (remote.locate, remote.verified, lambda name: remote.fetch([name])):
        with pytest.raises(remote.RegistryError, match="task/none: not in the registry"):
            call("task/none")
    with pytest.raises(remote.RegistryError, match="gm12878: no such task"):
        remote.available("gm12878")


def test_a_name_that_begins_another_is_not_taken_for_it(server, cache):
    first, other = (
        row._replace(name=name) for row, name in zip(table(server, "a", "b"), ("t/ab", "t/a"))
    )
    fetch([first])
    assert remote.locate("t/a", table=[first, other]) is None


def test_no_registered_file_is_empty_and_no_two_have_the_same_content():
    """Stand-ins that a test makes are all zeros; their digests belong into no registry of ours."""
    entries = remote.entries()
    for entry in entries:
        assert entry.sha256 != hashlib.sha256(bytes(entry.bytes)).hexdigest(), entry.name
    assert len({entry.sha256 for entry in entries}) == len({e.name for e in entries}) > 200


def test_a_mirror_on_this_machine_holds_what_is_registered():
    here = {
        entry: path
        for entry in remote.entries()
        if (path := Path(os.environ.get(remote.MIRROR_VARIABLE, "no-mirror"), entry.name)).is_file()
    }
    if not here:
        pytest.skip("no mirror of the registered files on this machine")
    wrong = [entry.name for entry, path in here.items() if not remote.has_hash(path, entry.sha256)]
    assert not wrong
