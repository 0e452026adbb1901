"""Write the tables of costs into book/run_at_scale.md: python workflow/scripts/export_costs.py

Every number comes from what was measured: the minutes in the records of the shipped networks
(data/zoo/*.json) and in the manifest of the last full run (data/stored/manifest.json).  What else
the computer did shows more in a record than the configuration: the first table gives the range of
the records, and zoos are reckoned from the fastest record of each configuration.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from compendium.tables import configuration_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book" / "run_at_scale.md"
BEGIN = "<!-- written by workflow/scripts/export_costs.py -->\n"
END = "<!-- end of what it writes -->\n"
EPOCHS = 100  # as the paper
ZOOS = {"28 × 3, this book's": 3, "28 × 14, the paper's": 14}  # configurations × initialisations
PROCESSES = (2, 16, 392)
GENOME = 3.1e9  # bases of the human genome
WINDOW = 2048  # bases of a sequence
MAP_BYTES = 16  # a position: four float32


def seconds_per_epoch() -> dict[str, list[float]]:
    """Of each record of the shipped networks: {configuration: [seconds]}, the fastest first."""
    measured = defaultdict(list)
    for path in sorted((ROOT / "data" / "zoo").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        measured[configuration_of(path.stem)].append(60 * record["minutes"] / record["epochs"])
    return {configuration: sorted(seconds) for configuration, seconds in measured.items()}


def training_hours(seconds: Mapping[str, float], initialisations: int, processes: int) -> float:
    """Hours until the last of the networks is trained, when the processes never wait.

    No zoo is faster than its slowest network.
    """
    total = initialisations * sum(seconds.values())
    return EPOCHS * max(total / processes, max(seconds.values())) / 3600


def seconds_per_sequence(step: str) -> float:
    """Seconds that a step of the last full run took for one sequence and one network."""
    manifest = json.loads((ROOT / "data" / "stored" / "manifest.json").read_text(encoding="utf-8"))
    with open(ROOT / "data" / "stored" / "scores_synthetic.csv", encoding="utf-8") as file:
        sequences = sum(int(float(row["n"])) for row in csv.DictReader(file))
    return 60 * manifest["minutes"][f"{step} synthetic"] / sequences


def zoo_megabytes(networks: int) -> tuple[float, float]:
    """Disk for the weights of so many networks, and for their maps of 1,000 x 200 bases."""
    weights = mean(path.stat().st_size for path in (ROOT / "data" / "zoo").glob("*.npz"))
    return networks * weights / 1e6, networks * 1000 * 200 * MAP_BYTES / 1e6


def span(seconds: Sequence[float]) -> str:
    """The range of numbers, or the one number that all of them are."""
    return "–".join(dict.fromkeys(map(figures, (min(seconds), max(seconds)))))


def figures(value: float) -> str:
    """A number with two figures, and thousands separated."""
    return f"{float(f'{value:.2g}'):,g}" if value < 1e4 else f"{float(f'{value:.2g}'):,.0f}"


def duration(hours: float) -> str:
    """Hours in the unit that reads best."""
    for limit, factor, unit in ((1 / 60, 3600, "seconds"), (1.5, 60, "minutes"), (72, 1, "hours")):
        if hours < limit:
            return f"{figures(hours * factor)} {unit}"
    return f"{figures(hours / 24)} days"


def table(header: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def training_tables() -> list[str]:
    """Text and tables on what training costs."""
    records = seconds_per_epoch()
    seconds = {configuration: fastest for configuration, (fastest, *_) in records.items()}
    regularisers = list(dict.fromkeys(name.split("-", 2)[2] for name in seconds))
    rows = [
        [
            regulariser,
            *(
                span(
                    [
                        s
                        for c, found in records.items()
                        for s in found
                        if c.startswith(f"{norm}-") and c.endswith(f"-{regulariser}")
                    ]
                )
                for norm in ("nobn", "bn")
            ),
        ]
        for regulariser in regularisers
    ]
    same = max(records, key=lambda c: records[c][-1] / records[c][0])
    hours = [
        [
            name,
            len(seconds) * inits,
            *(duration(training_hours(seconds, inits, n)) for n in PROCESSES),
            *map(figures, zoo_megabytes(len(seconds) * inits)),
        ]
        for name, inits in ZOOS.items()
    ]
    return [
        "Seconds per epoch of 14,000 sequences of 200 bases, fastest to slowest record:\n",
        table(["trained with", "no batch norm", "batch norm"], rows),
        f"The same configuration, `{same}`, took {figures(records[same][-1])} seconds in one\n"
        f"record and {figures(records[same][0])} in another, when the computer was less busy.\n",
        f"Time to train a zoo for {EPOCHS} epochs, and disk for its weights and for maps of 1,000\n"
        "sequences:\n",
        table(
            ["zoo", "networks", *(f"{n} processes" for n in PROCESSES), "weights, MB", "maps, MB"],
            hours,
        ),
    ]


def genome_tables() -> list[str]:
    """Text and tables on what maps and scores of a genome cost."""
    maps, scores = seconds_per_sequence("attribute"), seconds_per_sequence("evaluate")
    windows, longer = GENOME / WINDOW, WINDOW / 200
    per_sequence = [
        [name, figures(1000 * seconds), figures(1 / seconds)]
        for name, seconds in (("map", maps), ("scores of a map", scores))
    ]
    rows = []
    for networks in (1, 10):
        jobs = networks * windows * longer / 3600
        gigabytes = networks * windows * WINDOW * MAP_BYTES / 1e9
        rows.append(
            [
                networks,
                figures(networks * windows / 1e6),
                duration(jobs * maps),
                duration(jobs * maps / 16),
                duration(jobs * scores),
                figures(gigabytes),
            ]
        )
    return [
        "A sequence of 200 bases, for one network:\n",
        table(["what", "milliseconds", "sequences per second"], per_sequence),
        f"Every window of {WINDOW:,} bases of the human genome:\n",
        table(
            [
                "networks",
                "maps, millions",
                "maps, 2 cores",
                "maps, 32 cores",
                "scores, 1 process",
                "disk, GB",
            ],
            rows,
        ),
    ]


def page(text: str) -> str:
    """The page with the tables written anew."""
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    training, genome = "\n".join(training_tables()), "\n".join(genome_tables())
    return f"{before}{BEGIN}\n{training}\n{genome}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(PAGE.relative_to(ROOT).as_posix())
