"""The command line: `attribution-consistency score` and `attribution-consistency simulate`.

A mistake of the user (`ValueError`) or of the system (`OSError`) ends in one line on standard
error and exit status 2.
"""

import argparse
import contextlib
import os
import re
import signal
import sys
import tomllib
from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path

from . import __version__


def lengths(text: str) -> tuple[int, ...]:
    """k-mer lengths from `3-8` or `4,6`, ascending."""
    known = re.fullmatch(r"\d{1,2}-\d{1,2}|\d{1,2}(,\d{1,2})*", text)
    numbers = [int(number) for number in re.split("[-,]", text)] if known else []
    if "-" in text and known:
        numbers = [*range(numbers[0], numbers[1] + 1)]
    if not numbers:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is neither like 3-8 nor like 4,6")
    return tuple(sorted({*numbers}))


def whole(text: str) -> int:
    """A whole number, whose range is checked where it is used."""
    if not re.fullmatch("-?[0-9]{1,20}", text):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a whole number")
    return int(text)


def score(arguments: argparse.Namespace) -> None:
    """Score saved maps and write the report."""
    from . import models, read, report, scorer
    from .files import alone
    from .score import example, score_files

    given = {"sequences": arguments.sequences, "maps": arguments.attributions}
    given |= {"performance": arguments.performance, "names": arguments.names}
    named = [arguments.example, arguments.attributions, arguments.models]
    if sum(map(bool, named)) != 1 or bool(arguments.sequences) == arguments.example:
        raise ValueError("name --sequences, and --attributions or --models; or --example")
    if arguments.example:
        given |= example()
    elif arguments.models:
        table = models.read_models(arguments.models)
        given |= {"maps": [*table.files.values()], "names": arguments.names or [*table.files]}
        given["performance"] = arguments.performance or table
    known = scorer.Settings.__dataclass_fields__
    settings = scorer.Settings(**{k: v for k, v in vars(arguments).items() if k in known})
    given |= {"controls": arguments.controls or (), "ignore": arguments.ignore}
    given["wanted"] = read.Wanted(**{n: vars(arguments)[n] for n in read.Wanted._fields})
    given["progress"] = partial(print, file=sys.stderr, flush=True)
    report.check_folder(arguments.out, arguments.force)
    with alone(Path(arguments.out), report.FILES):
        result = score_files(settings=settings, **given)
        report.write(result, arguments.out, arguments.force)
    print(os.path.join(arguments.out, "report.html"))


def simulate(arguments: argparse.Namespace) -> None:
    """Write simulated sequences and where their motifs are."""
    import json

    import numpy as np

    from . import sequences, simulation
    from .files import replacing

    made = simulation.simulate(arguments.n, arguments.length, arguments.seed)._asdict()
    made |= {"x": sequences.codes_to_one_hot(made["codes"]), "meta": json.dumps(made["meta"])}
    with replacing(arguments.out) as temporary, open(temporary, "xb") as file:
        np.savez_compressed(file, **made)
    print(arguments.out)


def parser() -> argparse.ArgumentParser:
    """The argument parser, from the table of verbs and options."""
    description = "How consistently do a DNA model's attribution maps highlight the same k-mers?"
    top = argparse.ArgumentParser(prog="attribution-consistency", description=description)
    top.add_argument("--version", action="version", version=__version__)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    functions = {"score": score, "simulate": simulate}
    kinds = {"int": whole, "lengths": lengths, "names": lambda text: text.split(",")}
    resources = files("attribution_consistency") / "resources"
    table = tomllib.loads((resources / "options.toml").read_text(encoding="utf-8"))
    for verb, (summary, options) in ((verb, said.values()) for verb, said in table.items()):
        own = {"description": summary, "formatter_class": argparse.RawDescriptionHelpFormatter}
        one = verbs.add_parser(verb, help=summary, **own)
        one.set_defaults(function=functions[verb])
        for name, option in options.items():
            if option.get("action") == "version":
                option["version"] = (resources / "formats.txt").read_text(encoding="utf-8")
            option |= {"type": kinds[option["type"]]} if "type" in option else {}
            one.add_argument(f"--{name}", **option)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns
    -------
    int
        The exit status: 0, or 2 where it cannot be done.
    """
    with contextlib.suppress(ValueError):  # outside the main thread
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what is half written is removed
    return guarded(parser().parse_args(argv), "nothing was written")


def guarded(arguments: argparse.Namespace, interrupted: str) -> int:
    """Call the function of parsed arguments; a mistake becomes one line and a status."""
    try:
        return arguments.function(arguments) or 0
    except KeyboardInterrupt:
        print(f"interrupted; {interrupted}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has left; that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        advice = "; make room and run again" if error.errno in (28, 122) else ""
        print(f"error: {where}{error.strerror or error}{advice}", file=sys.stderr)
    except (ValueError, MemoryError) as error:
        said = " ".join(str(error).split()) or "not enough memory: take fewer sequences"
        print(f"error: {said}", file=sys.stderr)
    return 2
