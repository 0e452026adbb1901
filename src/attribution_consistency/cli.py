"""The command line: `attribution-consistency VERB`.

A verb is one function here that hands its arguments to the module that does the work.  A
mistake of the user (`ValueError`) or of the system (`OSError`) ends in one line on standard
error and exit status 2.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import __version__

if TYPE_CHECKING:
    from .artefacts import Run

Verb = Callable[[argparse.Namespace], int | None]
Argument = tuple[tuple[str, ...], dict[str, Any]]  # of `add_argument`
VERBS: dict[str, tuple[Verb, str, tuple[Argument, ...]]] = {}


def verb(summary: str, *arguments: Argument) -> Callable[[Verb], Verb]:
    """Register a function as a verb with its one-line summary and its arguments."""

    def register(function: Verb) -> Verb:
        VERBS[function.__name__.replace("_", "-")] = (function, summary, arguments)
        return function

    return register


def argument(*names: str, **settings: Any) -> Argument:
    """What `add_argument` is to be called with."""
    return names, settings


def step(name: str, summary: str, *arguments: Argument) -> None:
    """Register a verb for a function of `pipeline` that takes the run, then these arguments."""

    def function(given: argparse.Namespace) -> None:
        from . import pipeline

        values = [getattr(given, names[-1].lstrip("-")) for names, _ in arguments]
        getattr(pipeline, name)(_job(given), *values)

    VERBS[name.replace("_", "-")] = function, summary, (RUN, *arguments)


def _ids(text: str) -> list[str]:
    """A comma-separated list, or `@file` with one name a line."""
    if text.startswith("@"):
        with open(text[1:], encoding="utf-8") as lines:
            return lines.read().split()
    return [part for part in text.split(",") if part]


def _lengths(text: str) -> tuple[int, ...]:
    """k-mer lengths from `3-8` or `4,6`, ascending."""
    try:
        first, dash, last = text.partition("-")
        ks = range(int(first), int(last) + 1) if dash else map(int, text.split(","))
        chosen = tuple(sorted(set(ks)))
    except ValueError:
        chosen = ()
    if not chosen:
        raise argparse.ArgumentTypeError(f"{text!r} is neither like 3-8 nor like 4,6")
    return chosen


RUN = argument("--run", required=True, help="name of the run: the stem of its configuration file")
POPULATION = argument("--population", required=True, choices=["synthetic", "gm12878_dnase", "koo"])
IDS = argument("--ids", required=True, type=_ids, help="networks: a,b,c or @file with one a line")


def _run(arguments: argparse.Namespace) -> Run:
    from .artefacts import Run

    return Run(arguments.run)


def _job(arguments: argparse.Namespace) -> Run:
    """The run, whose lock is shared while this command works on it."""
    from . import runner

    run = _run(arguments)
    runner.share(run)
    return run


@verb(
    "carry a configuration through the whole workflow",
    argument("config", help="configuration file, such as config/quick.yml"),
    argument("--cores", type=int, default=2, help="processes at a time (default: 2)"),
    argument("--strict", action="store_true", help="fail on any warning of the book"),
    argument("--offline", action="store_true", help="do not try to download the real sequences"),
    argument(
        "--until",
        choices=["sequences", "models", "maps", "scores", "notebooks", "exercises"],
        help="stop after this step",
    ),
    argument("--profile", metavar="FOLDER", help="Snakemake profile, for a cluster"),
    argument("--dry-run", action="store_true", help="only list the steps that would be run"),
)
def run(arguments: argparse.Namespace) -> int:
    from . import runner

    return runner.run(
        arguments.config,
        cores=arguments.cores,
        strict=arguments.strict,
        offline=arguments.offline,
        until=arguments.until,
        profile=arguments.profile,
        dry_run=arguments.dry_run,
    )


@verb("check a configuration and write the resolved one", argument("config"))
def configure(arguments: argparse.Namespace) -> None:
    from . import artefacts, pipeline

    print(artefacts.relative(pipeline.configure(arguments.config).config))


@verb(
    "download the real sequences, and the published networks if asked",
    argument("--optional", action="store_true", help="a failure is a note, not an error"),
    argument(
        "--networks",
        action="store_true",
        help="also the 200 published networks of the chapter on independent networks (36 MB)",
    ),
)
def fetch(arguments: argparse.Namespace) -> None:
    from . import pipeline

    pipeline.fetch(arguments.optional, arguments.networks)


@verb(
    "build the data set of the paper's accessibility task from ATAC-seq peaks and coverage",
    argument(
        "--cell-lines",
        action="store_true",
        help="only print the table of the paper's cell lines, to be filled in",
    ),
    argument(
        "--samples",
        metavar="TSV",
        help="that table: cell_line, peaks (IDR peaks, BED), coverage (fold change over "
        "control, bigWig). A file is named by its path, web address or ENCODE accession "
        "(ENCFF…); its hash may follow: #md5=… or #sha256=…",
    ),
    argument("--genome", metavar="FASTA", help="genome to which the reads were aligned"),
    argument("--blacklist", metavar="BED", default="", help="regions to leave out"),
    argument("--out", metavar="NPZ", help="the data set to write"),
    argument(
        "--target",
        choices=["coverage", "binary"],
        default="coverage",
        help="what to predict: mean fold change in bins, or whether there is a peak",
    ),
    argument("--window", type=int, default=2048, help="bases in a window (default: 2048)"),
    argument("--bin-size", type=int, default=32, help="bases in a bin, 1 to 2048 (default: 32)"),
    argument("--test", type=_ids, default=("chr8",), help="chromosomes (default: chr8)"),
    argument("--validation", type=_ids, default=("chr9",), help="chromosomes (default: chr9)"),
    argument(
        "--background",
        type=float,
        default=1.0,
        help="windows without a peak, for each window with one (default: 1)",
    ),
    argument("--max-n", type=float, default=0.0, help="largest share of N of a window (default 0)"),
    argument("--merge", action="store_true", help="sort and merge peaks that overlap; ENCODE's do"),
    argument("--seed", type=int, default=0, help="of the choice of windows without a peak"),
)
def encode_atac(arguments: argparse.Namespace) -> None:
    from .datasets import encode, registry

    if arguments.cell_lines:
        print(encode.CELL_LINES.read_text(encoding="utf-8"), end="")
        return
    if not (arguments.samples and arguments.genome and arguments.out):
        raise ValueError("name --samples, --genome and --out; --cell-lines prints a table to fill")
    known = encode.Settings.__dataclass_fields__
    settings = encode.Settings(**{k: v for k, v in vars(arguments).items() if k in known})
    encode.encode_atac(
        arguments.out,
        encode.read_samples(arguments.samples),
        arguments.genome,
        arguments.blacklist,
        settings,
        progress=registry.terminal_progress,
    )


step("simulate", "simulate the synthetic sequences of a run")
step("accessibility", "make the GM12878 data set from its downloaded files")
step("train", "train networks, or take shipped weights where they fit", POPULATION, IDS)
step("attribute", "write the attribution maps of networks", POPULATION, IDS)
step(
    "evaluate",
    "score the attribution maps of networks",
    POPULATION,
    IDS,
    argument(
        "--part",
        required=True,
        type=int,
        help="number of the job that these networks are in networks.json, from 0",
    ),
)
step("length_weights", "fit the weights of the k-mer lengths")
step("merge", "join the scores of a population", POPULATION)
step(
    "study",
    "write the tables of one study, the base of a later chapter",
    argument("name", help="name of the study, such as real_data"),
)
step("notebook", "execute a notebook", argument("name", help="such as 01_synthetic_data"))
step("manifest", "write versions, seeds, digests and minutes of a run")


@verb(
    "build the book of a run from its executed notebooks",
    RUN,
    argument("--strict", action="store_true", help="fail on any warning"),
)
def book(arguments: argparse.Namespace) -> None:
    from . import runner

    runner.build_book(_job(arguments), strict=arguments.strict)


@verb(
    "score the saved attribution maps of any models, and write a report",
    argument("--sequences", metavar="FILE", help="one-hot .npz, .npy or .h5, or FASTA"),
    argument("--attributions", metavar="FILE", nargs="+", help="maps, one file a model"),
    argument("--out", metavar="FOLDER", required=True, help="where the report goes"),
    argument("--example", action="store_true", help="score the maps that come with the package"),
    argument("--names", type=_ids, help="names of the models: a,b,c (default: names of the files)"),
    argument("--performance", metavar="CSV", help="columns: model, and one of numbers"),
    argument(
        "--within",
        type=float,
        default=0.01,
        help="performance of models that count as equal differs by no more (default: 0.01)",
    ),
    argument("--ks", type=_lengths, default=(3, 4, 5, 6, 7, 8), help="such as 3-8 or 4,6"),
    argument("--reading", choices=["frequency", "instance", "per_sequence"], default="frequency"),
    argument("--score", choices=["abs_input", "l2"], default="abs_input"),
    argument("--no-correct", dest="correct", action="store_false", help="no gradient correction"),
    argument("--weights", metavar="JSON", help="length weights, as length_weights.json of a run"),
    argument(
        "--max-sequences",
        type=int,
        default=1000,
        help="score a random sample of so many (default: 1000; 0: all)",
    ),
    argument("--draws", type=int, default=99, help="rotations of the null; 0: none (default: 99)"),
    argument("--seed", type=int, default=0),
    argument("--skip-bad", action="store_true", help="leave out models with unusable maps"),
    argument("--force", action="store_true", help="replace an earlier report"),
)
def score(arguments: argparse.Namespace) -> None:
    from . import report, scoring

    if arguments.example:
        given = scoring.example()
    elif arguments.sequences and arguments.attributions:
        given = {
            "sequences": arguments.sequences,
            "maps": arguments.attributions,
            "performance": arguments.performance,
        }
    else:
        raise ValueError("name --sequences and --attributions, or --example")
    known = scoring.Settings.__dataclass_fields__
    settings = scoring.Settings(**{k: v for k, v in vars(arguments).items() if k in known})
    with report.folder(arguments.out, arguments.force) as into:
        result = scoring.score_files(
            **given,
            names=arguments.names,
            weights=arguments.weights,
            skip_bad=arguments.skip_bad,
            settings=settings,
            progress=report.progress,
        )
        report.write(result, into)
    print(os.path.join(arguments.out, "report.html"))


def parser() -> argparse.ArgumentParser:
    """The argument parser with one subparser for each verb."""
    top = argparse.ArgumentParser(
        prog="attribution-consistency",
        description="How consistently do a DNA model's attribution maps highlight the same k-mers?",
    )
    top.add_argument("--version", action="version", version=__version__)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (function, summary, arguments) in VERBS.items():
        sub = verbs.add_parser(name, help=summary, description=summary)
        sub.set_defaults(function=function)
        for names, settings in arguments:
            sub.add_argument(*names, **settings)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns
    -------
    int
        The exit status: 0, 1 (found wanting) or 2 (cannot be done).
    """
    arguments = parser().parse_args(argv)
    # TensorFlow greets with a page of notes otherwise.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return arguments.function(arguments) or 0
    except KeyboardInterrupt:
        print("interrupted; run the same command again to resume", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has left; that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        advice = "; make room and run again" if error.errno in (28, 122) else ""
        print(f"error: {where}{error.strerror or error}{advice}", file=sys.stderr)
    except ValueError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return 2
