"""What a figure was made from is noted while the workflow executes its notebook."""

import hashlib
import json
import os
import subprocess
import sys

import nbformat
import pytest

from attribution_consistency import files
from compendium import paths
from compendium.page import provenance

SCRIPT = """
import sys, numpy as np
from attribution_consistency import files
from compendium import paths
from compendium.page import provenance
provenance.watch()
run = paths.Run("made")
provenance.note("before")
np.load(run.data("synthetic"))["codes"]
provenance.note("first")
for i in range(5):
    run.maps("synthetic", f"m{i}").read_bytes()
(run.logs / "log").read_text()
provenance.note("second")
"""


@pytest.fixture
def run(compendium):
    import numpy as np

    run = paths.Run("made")
    for path in (run.data("x"), run.maps("synthetic", "x"), run.logs / "x"):
        path.parent.mkdir(parents=True)
    np.savez(run.data("synthetic"), codes=np.arange(4))
    for i in range(5):
        run.maps("synthetic", f"m{i}").write_bytes(bytes([i]))
    (run.logs / "log").write_text("a log is no data")
    return run


def execute(run, **names):
    environment = {
        k: v
        for k, v in os.environ.items()
        if k not in (paths.RUN_VARIABLE, paths.NOTEBOOK_VARIABLE)
    }
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, env=environment | names)


def test_a_figure_knows_the_files_read_before_it(run):
    execute(run, **{paths.RUN_VARIABLE: "made", paths.NOTEBOOK_VARIABLE: "01_first"})
    noted = paths.read_json(run.provenance("01_first"))
    assert list(noted) == ["before", "first", "second"] and noted["before"]["data"] == {}
    sha256 = files.sha256(run.data("synthetic"))
    first = {"results/made/data/synthetic.npz": {"files": 1, "sha256": sha256}}
    assert noted["first"]["data"] == first
    more = dict(noted["second"]["data"])
    maps = more.pop("results/made/maps/synthetic")
    assert more == first and maps["files"] == 5
    assert noted["second"]["code"]["modules"] > 1
    before = maps["sha256"]
    run.maps("synthetic", "m3").write_bytes(b"other")
    execute(run, **{paths.RUN_VARIABLE: "made", paths.NOTEBOOK_VARIABLE: "01_first"})
    noted = paths.read_json(run.provenance("01_first"))
    assert noted["second"]["data"]["results/made/maps/synthetic"]["sha256"] != before


def test_the_digest_of_many_files_is_that_of_names_and_digests(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in "ab"}
    expected = hashlib.sha256(f"{digests['a']} a\n{digests['b']} b".encode()).hexdigest()
    assert provenance.combined([tmp_path / "b", tmp_path / "a"]) == expected
    assert provenance.combined([tmp_path / "a"]) == digests["a"]


def test_the_table_names_what_is_new_for_each_figure(script):
    notebook = nbformat.v4.new_notebook(
        metadata={"source_sha256": "5" * 64},
        cells=[
            nbformat.v4.new_markdown_cell(
                "```{glue:figure} fig_one\n:name: fig-one\n```\n```{glue:figure} fig_two\n"
                ":name: fig-two\n```"
            ),
            nbformat.v4.new_code_cell(
                "",
                outputs=[
                    nbformat.v4.new_output(
                        "display_data",
                        {"image/png": "AAAA"},
                        metadata={"scrapbook": {"name": name}},
                    )
                    for name in ("fig_one", "fig_two")
                ],
            ),
        ],
    )
    data = {"data/x.csv": {"files": 1, "sha256": "1" * 64}}
    more = data | {"results/r/maps": {"files": 7, "sha256": "2" * 64}}
    code = {"modules": 3, "sha256": "3" * 64}
    lines = script("ext/figure_provenance.py").chapter(
        "01_first",
        notebook,
        json.loads(
            json.dumps(
                {"fig_one": {"data": data, "code": code}, "fig_two": {"data": more, "code": code}}
            )
        ),
    )
    picture = hashlib.sha256(b"\0\0\0").hexdigest()[:12]
    assert f"| {{numref}}`fig-one` | `{picture}` | `data/x.csv` `{'1' * 12}` |" in lines
    last = f"as above, and<br>`results/r/maps` (7 files) `{'2' * 12}`"
    assert f"| {{numref}}`fig-two` | `{picture}` | {last} |" in lines
    assert "3 modules" in lines[0] and "5" * 12 in lines[0]
