"""Other programs, started from the root folder and stopped with all that they have started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import paths

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Of TensorFlow, before it knows how much it may say.
GREETINGS = ("WARNING: All log messages before absl", "I0000 00:00")


def call(command: list[str], log: Path | None = None, **options: Any) -> int:
    """Run a program in the root folder with our interpreter's tools first; its exit status.

    With `log`, what it prints goes there too. The program has a process group of its own: an
    interrupt, a termination or a closed terminal reaches all of it as an interrupt, at the third
    time as a kill, and its end is awaited; then KeyboardInterrupt is raised.
    """
    tools = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        paths.ROOT_VARIABLE: str(paths.root()),
        "PATH": tools + os.pathsep + os.environ.get("PATH", ""),
    }
    if log:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "errors": "replace"}
    options |= {"cwd": paths.root(), "env": environment, "process_group": 0}
    # What a shell starts in the background ignores interrupts, and hands that on.
    program = subprocess.Popen(command, preexec_fn=_interruptible, **options)
    stopped: list[int] = []

    def stop(signum: int, frame: object) -> None:
        stopped.append(signum)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGINT if len(stopped) < 3 else signal.SIGKILL)

    previous = {s: signal.signal(s, stop) for s in STOPPING}
    try:
        if log:
            _copy(program, log)
        status = program.wait()
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
    if stopped and status:
        raise KeyboardInterrupt
    return status


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _copy(program: subprocess.Popen[str], log: Path) -> None:
    """Print what a program says, but for TensorFlow's greetings, and append it to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a", encoding="utf-8") as copy:
        for line in program.stdout or ():
            copy.write(line)
            copy.flush()
            if not line.startswith(GREETINGS):
                print(line, end="", flush=True)
