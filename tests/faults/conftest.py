"""What was tried and what came of it; with $ATTRIBUTION_CONSISTENCY_FAULTS all of it is tried.

`ATTRIBUTION_CONSISTENCY_FAULTS=1 .venv/bin/python -m pytest tests/faults` takes about half an hour
and writes `book/faults.csv`, which the book shows; a part of it writes its own rows.
"""

import csv

import pytest
from tiny_workflow import FULL


@pytest.fixture(scope="session")
def record(repository):
    """record(fault, tried, lost, reads): `lost` of `tried` results, and what the user reads."""
    rows = {}

    def note(fault, tried, lost, reads):
        before = rows.get(fault, (0, 0, ""))
        rows[fault] = before[0] + tried, before[1] + lost, reads

    yield note
    if FULL and rows:
        path = repository / "book" / "faults.csv"
        with open(path, newline="") as file:
            kept = {fault: row for fault, *row in list(csv.reader(file))[1:]}
        with open(path, "w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["fault", "times tried", "results lost", "what the user reads"])
            table.writerows([fault, *row] for fault, row in sorted((kept | rows).items()))
