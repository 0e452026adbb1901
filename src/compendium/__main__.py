"""The book's command: `python -m compendium run config/quick.yml`, and what the workflow calls.

One verb for each step of the workflow, named like its function in `steps`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from attribution_consistency.cli import guarded

from .paths import POPULATIONS

Add = Callable[..., argparse.ArgumentParser]
Verb = Callable[[argparse.Namespace], int | None]


def run(arguments: argparse.Namespace) -> int:
    """Carry a configuration through the whole workflow."""
    from .run import run as carry_out

    names = ("cores", "strict", "offline", "until", "profile", "dry_run", "check")
    options = {name: getattr(arguments, name) for name in names}
    return carry_out(arguments.config, **options)


def configure(arguments: argparse.Namespace) -> None:
    """Check a configuration and write the resolved one."""
    from . import paths, steps

    print(paths.relative(steps.configure(arguments.config).config))


def chapter(arguments: argparse.Namespace) -> None:
    """Execute one chapter with other parameters and show its page."""
    import webbrowser

    from .building import chapter_again
    from .paths import Run, relative

    page = chapter_again(Run(arguments.run), arguments.name, arguments.parameters)
    print(relative(page))
    if not arguments.quiet:
        webbrowser.open(page.as_uri())


def fetch(arguments: argparse.Namespace) -> None:
    """Download the real sequences, and the published networks if asked."""
    from . import steps

    steps.fetch(arguments.optional, arguments.networks)


def step(arguments: argparse.Namespace) -> None:
    """Carry out one step of a run, whose lock is shared while this command works on it."""
    from . import steps
    from .building import build_book
    from .paths import Run
    from .run import share

    this = Run(arguments.run)
    share(this)
    if arguments.verb == "book":
        build_book(this, strict=arguments.strict)
        return
    given = [getattr(arguments, name) for name in STEPS[arguments.verb][1]]
    getattr(steps, arguments.verb.replace("-", "_"))(this, *given)


def encode_atac(arguments: argparse.Namespace) -> None:
    """Build the data set of the paper's accessibility task."""
    from .sources import encode, remote

    if arguments.cell_lines:
        print(encode.CELL_LINES.read_text(encoding="utf-8"), end="")
        return
    if not (arguments.samples and arguments.genome and arguments.out):
        raise ValueError("name --samples, --genome and --out; --cell-lines prints a table to fill")
    known = encode.Settings.__dataclass_fields__
    settings = encode.Settings(**{k: v for k, v in vars(arguments).items() if k in known})
    samples = encode.read_samples(arguments.samples)
    inputs = (samples, arguments.genome, arguments.blacklist)
    encode.encode_atac(arguments.out, *inputs, settings, progress=remote.terminal_progress)


# The steps of a run: what each does, and what it takes beside the run.
STEPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "simulate": ("simulate the synthetic sequences of a run", ()),
    "accessibility": ("make the GM12878 data set from its downloaded files", ()),
    "train": ("train networks, or take shipped weights where they fit", ("population", "ids")),
    "attribute": ("write the attribution maps of networks", ("population", "ids")),
    "evaluate": ("score the attribution maps of networks", ("population", "ids", "part")),
    "length-weights": ("fit the weights of the k-mer lengths", ()),
    "merge": ("join the scores of a population", ("population",)),
    "study": ("write the tables of one study, the base of a later chapter", ("name",)),
    "notebook": ("execute a notebook", ("name",)),
    "manifest": ("write versions, seeds, digests and minutes of a run", ()),
    "book": ("build the book of a run from its executed notebooks", ()),
}


def add_verb(add: Add, name: str, function: Verb, summary: str) -> argparse.ArgumentParser:
    """One verb and what carries it out; its arguments are added to the parser returned."""
    parser = add(name, help=summary, description=summary)
    parser.set_defaults(function=function)
    return parser


def add_steps(add: Add) -> None:
    """One verb for each step."""
    for name, (summary, takes) in STEPS.items():
        one = add_verb(add, name, step, summary)
        one.add_argument("--run", required=True, help="stem of the configuration file")
        if "population" in takes:
            one.add_argument("--population", required=True, choices=POPULATIONS)
        if "ids" in takes:
            which = "networks: a,b,c"
            one.add_argument("--ids", required=True, type=lambda t: t.split(","), help=which)
        if "part" in takes:
            which = "number of the job that these networks are in networks.json, from 0"
            one.add_argument("--part", required=True, type=int, help=which)
        if "name" in takes:
            one.add_argument("name", help="such as real_data, or 01_synthetic_data")
        if name == "book":
            one.add_argument("--strict", action="store_true", help="fail on any warning")


def add_run(add: Add) -> None:
    """The verbs that start a run."""
    one = add_verb(add, "run", run, "carry a configuration through the whole workflow")
    one.add_argument("config", help="configuration file, such as config/quick.yml")
    one.add_argument("--cores", type=int, default=2, help="processes at a time (default: 2)")
    one.add_argument("--strict", action="store_true", help="fail on any warning of the book")
    one.add_argument("--offline", action="store_true", help="do not download the real sequences")
    until = ["sequences", "models", "maps", "scores", "notebooks", "exercises"]
    one.add_argument("--until", choices=until, help="stop after this step")
    one.add_argument("--profile", metavar="FOLDER", help="Snakemake profile, for a cluster")
    one.add_argument("--dry-run", action="store_true", help="only list what would be run")
    check = "only compare the files of the run with what was written"
    one.add_argument("--check", action="store_true", help=check)
    summary = "execute one chapter of a finished run with other parameters, and open its page"
    one = add_verb(add, "chapter", chapter, summary)
    one.add_argument("name", help="such as 03_attribution_weighting")
    one.add_argument("parameters", nargs="*", metavar="name=value", help="such as k=5")
    one.add_argument("--run", default="default", help="the finished run (default: default)")
    one.add_argument("--quiet", action="store_true", help="only print where the page is")
    summary = "check a configuration and write the resolved one"
    add_verb(add, "configure", configure, summary).add_argument("config")
    summary = "download the real sequences, and the published networks if asked"
    one = add_verb(add, "fetch", fetch, summary)
    one.add_argument("--optional", action="store_true", help="a failure is a note, not an error")
    networks = "also the 200 published networks of the chapter on independent networks (36 MB)"
    one.add_argument("--networks", action="store_true", help=networks)


def add_encode(add: Add) -> None:
    """The verb that builds the paper's own data set."""
    summary = "build the paper's accessibility data set from ATAC-seq peaks and coverage"
    arg = add_verb(add, "encode-atac", encode_atac, summary).add_argument
    lines = "only print the table of the paper's cell lines, to be filled in"
    arg("--cell-lines", action="store_true", help=lines)
    samples = (
        "that table: cell_line, peaks (IDR peaks, BED), coverage (fold change over control, "
        "bigWig). A file is named by its path, or by its web address or ENCODE accession (ENCFF…) "
        "and its hash: #md5=… or #sha256=…"
    )
    arg("--samples", metavar="TSV", help=samples)
    arg("--genome", metavar="FASTA", help="genome to which the reads were aligned")
    arg("--blacklist", metavar="BED", default="", help="regions to leave out")
    arg("--out", metavar="NPZ", help="the data set to write")
    target = "what to predict: mean fold change in bins, or whether there is a peak"
    arg("--target", choices=["coverage", "binary"], default="coverage", help=target)
    arg("--window", type=int, default=2048, help="bases in a window (default: 2048)")
    arg("--bin-size", type=int, default=32, help="bases in a bin, 1 to 2048 (default: 32)")
    background = "windows without a peak, for each window with one (default: 1)"
    arg("--background", type=float, default=1.0, help=background)
    arg("--max-n", type=float, default=0.0, help="largest share of N of a window (default 0)")
    arg("--merge", action="store_true", help="sort and merge peaks that overlap; ENCODE's do")
    arg("--seed", type=int, default=0, help="of the choice of windows without a peak")


def parser() -> argparse.ArgumentParser:
    """The argument parser."""
    top = argparse.ArgumentParser(prog="python -m compendium", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    add_run(verbs.add_parser)
    add_steps(verbs.add_parser)
    add_encode(verbs.add_parser)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status is 0, 1 (found wanting) or 2 (cannot be done)."""
    # TensorFlow greets with a page of notes otherwise.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return guarded(parser().parse_args(argv), "run the same command again to resume")


if __name__ == "__main__":
    sys.exit(main())
