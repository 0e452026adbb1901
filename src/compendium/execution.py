"""Papermill, with what the book needs from it: quiet kernels, provenance, errors in one line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import paths
from .paths import Run, relative


class ExecutionError(ValueError):
    """A notebook cannot be executed; the message says where and why."""


# Else every kernel warns that it listens on the local machine, and that it is shut down.
QUIET = "--IPKernelApp.log_level=50"
WATCH = (
    "--IPKernelApp.exec_lines=from compendium.page import provenance; provenance.watch(); "
    "del provenance"
)


def execute(run: Run, name: str, working: Path, parameters: dict[str, Any]) -> None:
    """Run the cells of the notebook file `working`, in place, with the parameters of a run.

    Raises
    ------
    ExecutionError
        A cell fails, or the process is killed.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    folder = paths.notebook_source(name).parent
    options = {"kernel_name": "python3", "extra_arguments": [QUIET, WATCH], "progress_bar": False}
    os.environ |= {
        paths.ROOT_VARIABLE: str(paths.root()),
        paths.RUN_VARIABLE: run.name,
        paths.NOTEBOOK_VARIABLE: name,
    }
    try:
        papermill.execute_notebook(working, working, parameters, cwd=folder, **options)
    except papermill.PapermillExecutionError as error:
        reason = f"{error.ename}: {error.evalue}".splitlines()[0]
        raise ExecutionError(
            f"notebooks/{name}.py: cell {error.exec_count}: {reason} "
            f"(executed up to there: {relative(working)})"
        ) from None
    except DeadKernelError:
        raise ExecutionError(
            f"notebooks/{name}.py: its process was killed from outside, as a system does when "
            "memory runs out: close other programs, or use --cores 1, and run again"
        ) from None
