"""Programs that are started: where, with what, what they print, and how they are stopped."""

import signal
import sys
import time
from pathlib import Path

import pytest

from compendium import programs
from compendium.page import browser


def python(program):
    return [sys.executable, "-c", "import os, signal, sys, time\n" + program]


def told(name):
    """A line with which a program sends the one who started it a signal, as a terminal may."""
    return f"os.kill(os.getppid(), signal.{name}); time.sleep(60)"


def test_a_program_runs_in_the_root_folder_with_our_tools_first(compendium, monkeypatch):
    monkeypatch.chdir("/")
    program = "print(*map(os.environ.get, ['PATH', 'ATTRIBUTION_CONSISTENCY_ROOT']), sep='\\n', "
    assert programs.call(python(program + "file=open('told', 'w')); sys.exit(3)")) == 3
    path, root = (compendium / "told").read_text().splitlines()
    assert path.startswith(f"{Path(sys.executable).parent}:") and root == str(compendium)


def test_what_it_prints_is_shown_and_kept_but_a_greeting_is_only_kept(compendium, capsys):
    program = (
        "print('I0000 00:00:17 port.cc\\none', flush=True)\n"
        "print('wrong', file=sys.stderr, flush=True)\n"
        "sys.stdout.buffer.write(b'\\xff\\n')"
    )
    log = compendium / "logs" / "a.log"
    for _ in range(2):
        assert programs.call(python(program), log) == 0
    assert capsys.readouterr().out == "one\nwrong\n\ufffd\n" * 2
    assert log.read_text() == "I0000 00:00:17 port.cc\none\nwrong\n\ufffd\n" * 2


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("logged", [False, True])
def test_whatever_ends_us_interrupts_the_program_and_waits_for_it(compendium, name, logged):
    ours = [signal.getsignal(number) for number in programs.STOPPING]
    program = (
        f"try:\n {told(name)}\n"
        "except KeyboardInterrupt:\n time.sleep(0.1); open('saved', 'w'); raise"
    )
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        programs.call(python(program), compendium / "log" if logged else None)
    assert (compendium / "saved").exists() and time.monotonic() - started < 30
    assert [signal.getsignal(number) for number in programs.STOPPING] == ours


def test_a_program_that_ended_well_all_the_same_is_no_interrupt(compendium):
    program = f"try:\n {told('SIGTERM')}\nexcept KeyboardInterrupt:\n pass"
    assert programs.call(python(program)) == 0


def test_a_program_that_takes_no_notice_is_killed_at_the_third_time(compendium):
    program = (
        "signal.signal(signal.SIGINT, lambda *_: open(f'asked{time.monotonic_ns()}', 'w'))\n"
        "for _ in range(3):\n os.kill(os.getppid(), signal.SIGTERM); time.sleep(0.2)\n"
        "time.sleep(60)"
    )
    with pytest.raises(KeyboardInterrupt):
        programs.call(python(program))
    assert len(list(compendium.glob("asked*"))) == 2


def test_a_browser_is_found_by_any_of_its_names(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(browser.BrowserError, match="no Chromium found: install one"):
        browser.chromium()
    for name in reversed(browser.NAMES):
        (tmp_path / name).touch(mode=0o755)
        assert browser.chromium() == str(tmp_path / name)


def test_a_program_is_interrupted_though_we_ignore_interrupts(compendium):
    """As what a shell starts in the background does, and hands on."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert programs.call(python("os.kill(os.getpid(), signal.SIGINT)")) != 0
    finally:
        signal.signal(signal.SIGINT, before)
