"""What a reader sees of a run: each step as it starts, how many are done, and what went wrong.

`python workflow/progress.py ARGUMENTS` is Snakemake with this module as its logger plugin
`steps`, which writes all else that Snakemake says to the file of `--logger-steps-log`.
"""

import logging
import re
import resource
import sys
from dataclasses import dataclass, field
from typing import Any

from snakemake.cli import main
from snakemake.logging import DefaultFormatter, show_logs
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

ADVICE = (
    "A system does that when memory runs out: the largest step so far took {most:.1f} GB. Close "
    "other programs, or use --cores 1, and give the same command again"
)


def largest_child() -> float:
    """Peak memory of the largest process that has ended, in GB."""
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # macOS counts bytes
    return most / (1e9 if sys.platform == "darwin" else 1e6)


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """Options of the plugin on Snakemake's command line."""

    log: str = field(default="workflow.log", metadata={"help": "file for what is not shown"})


class LogHandler(LogHandlerBase):
    """Prints steps, progress, warnings and errors; keeps the rest in a file."""

    writes_to_stream = has_filter = has_formatter = True
    writes_to_file = needs_rulegraph = False
    settings: LogHandlerSettings

    def __post_init__(self) -> None:
        self.setFormatter(DefaultFormatter(None))
        self.steps: dict[int, str] = {}
        self.killed = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Print or keep one record."""
        text = self.format(record)
        shown = self.shown(record)
        if shown != text:
            with open(self.settings.log, "a", encoding="utf-8") as log:
                print(text, file=log)
        if shown:
            print(shown, file=sys.stderr, flush=True)

    def shown(self, record: Any) -> str:
        """What a reader wants to see of a record; empty for nothing."""
        match getattr(record, "event", None):
            case LogEvent.JOB_INFO:
                if not record.rule_msg:  # a mere target
                    return ""
                self.steps[record.jobid] = record.rule_msg
                return f"- {record.rule_msg}"
            case LogEvent.JOB_ERROR:
                # A job of this computer has printed its error; that of a cluster is in its log.
                step = self.steps.get(record.jobid, record.rule_name)
                reason = f": {record.rule_msg}" if record.rule_msg else ""
                if self.killed:
                    reason, self.killed = f": killed from outside by {self.killed}. {ADVICE}", ""
                    reason = reason.format(most=largest_child())
                return "\n".join([f"failed: {step}{reason}", *show_logs(record.log)])
            case LogEvent.PROGRESS:
                return self.format(record)
        if record.levelno < logging.WARNING:
            return ""
        text = self.format(record)
        if died := re.search(r"died with <Signals\.(\w+)", text):
            self.killed = died[1]
            return ""
        return text


if __name__ == "__main__":
    module = sys.modules[__name__]
    LoggerPluginRegistry().register_plugin("snakemake_logger_plugin_steps", module)
    try:
        main()
    except KeyboardInterrupt:  # before Snakemake itself listens
        print("interrupted", file=sys.stderr)
        sys.exit(130)
