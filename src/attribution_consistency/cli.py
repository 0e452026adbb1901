"""The command line: `attribution-consistency score` and `attribution-consistency simulate`.

A mistake of the user (`ValueError`) or of the system (`OSError`) ends in one line on standard
error and exit status 2.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files

from . import __version__


def lengths(text: str) -> tuple[int, ...]:
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


def score(arguments: argparse.Namespace) -> None:
    """Score saved maps and write the report."""
    from . import report
    from .read import Wanted
    from .score import example, score_files
    from .scorer import Settings

    if arguments.example:
        given = example()
    elif arguments.sequences and arguments.attributions:
        given = {"sequences": arguments.sequences, "maps": arguments.attributions}
        given["performance"] = arguments.performance
    else:
        raise ValueError("name --sequences and --attributions, or --example")
    known = Settings.__dataclass_fields__
    settings = Settings(**{k: v for k, v in vars(arguments).items() if k in known})
    with report.folder(arguments.out, arguments.force) as into:
        result = score_files(
            **given,
            names=arguments.names,
            controls=arguments.controls or (),
            wanted=Wanted(**{name: vars(arguments)[name] for name in Wanted._fields}),
            settings=settings,
            progress=partial(print, file=sys.stderr, flush=True),
        )
        report.write(result, into)
    print(os.path.join(arguments.out, "report.html"))


def simulate(arguments: argparse.Namespace) -> None:
    """Write simulated sequences and where their motifs are."""
    import json

    import numpy as np

    from .files import replacing
    from .sequences import codes_to_one_hot
    from .simulation import simulate

    made = simulate(arguments.n, arguments.length, arguments.seed)._asdict()
    arrays = {"x": codes_to_one_hot(made["codes"]), **made, "meta": json.dumps(made["meta"])}
    with replacing(arguments.out) as temporary, open(temporary, "xb") as file:
        np.savez_compressed(file, **arrays)
    print(arguments.out)


def add_score(add: Callable[..., argparse.Action]) -> None:
    """The arguments of `score`, from the table of them."""
    kinds = {"int": int, "lengths": lengths, "names": lambda text: text.split(",")}
    resources = files("attribution_consistency") / "resources"
    table = (resources / "options.toml").read_text(encoding="utf-8")
    for name, option in tomllib.loads(table).items():
        if name == "formats":
            option["version"] = (resources / "formats.txt").read_text(encoding="utf-8")
        if "type" in option:
            option["type"] = kinds[option["type"]]
        add(f"--{name}", **option)


def parser() -> argparse.ArgumentParser:
    """The argument parser."""
    top = argparse.ArgumentParser(
        prog="attribution-consistency",
        description="How consistently do a DNA model's attribution maps highlight the same k-mers?",
    )
    top.add_argument("--version", action="version", version=__version__)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    summary = "score the saved attribution maps of any models, and write a report"
    plain = argparse.RawDescriptionHelpFormatter
    one = verbs.add_parser("score", help=summary, description=summary, formatter_class=plain)
    one.set_defaults(function=score)
    add_score(one.add_argument)
    summary = "write simulated sequences with planted motifs, and where these are"
    one = verbs.add_parser("simulate", help=summary, description=summary)
    one.set_defaults(function=simulate)
    one.add_argument("--out", metavar="NPZ", required=True, help="the file to write")
    one.add_argument("--n", type=int, default=1000, help="sequences, half of them positive")
    one.add_argument("--length", type=int, default=200, help="nucleotides (default: 200)")
    one.add_argument("--seed", type=int, default=0)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns
    -------
    int
        The exit status: 0, or 2 where it cannot be done.
    """
    return guarded(parser().parse_args(argv))


def guarded(arguments: argparse.Namespace) -> int:
    """Call the function of parsed arguments; a mistake becomes one line and a status."""
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
