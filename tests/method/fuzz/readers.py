"""Coverage-guided fuzzing of the readers: python tests/method/fuzz/readers.py [libFuzzer options]

Needs atheris (Python 3.11 to 3.13), which no other test does. The first byte chooses the kind of a
file, the others are what it holds. It begins with the valid files of `test_fuzz`, in a folder of
its own unless one is named; what ends in anything but data or a line that names the file stops it.
Five minutes: -max_total_time=300.
"""

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
with atheris.instrument_imports(include=["attribution_consistency"]):
    import test_fuzz

    from attribution_consistency import models, read
    from attribution_consistency.score import DEFAULT, _ignored

KINDS = [*sorted(set(test_fuzz.valid()) - {"bw"}), "models.csv", "txt"]  # bigWig takes a process
PLACE = Path(tempfile.mkdtemp())
GENOME = PLACE / "genome.fa"
GENOME.write_bytes(test_fuzz.GENOME)


def one(data):
    """Read one file."""
    if not data:
        return
    kind = KINDS[data[0] % len(KINDS)]
    path = PLACE / f"file.{kind}"
    path.write_bytes(data[1:])
    if kind == "models.csv":
        test_fuzz.tried(path, models.read_models, path)
    elif kind == "txt":
        test_fuzz.tried(path, _ignored, path, None, read.ANY, DEFAULT)
    else:
        test_fuzz.read_all(path, read.Wanted(genome=str(GENOME)))


def main():
    """Run libFuzzer on a folder of valid files."""
    arguments = sys.argv
    if all(a.startswith("-") for a in sys.argv[1:]):
        corpus = PLACE / "corpus"
        corpus.mkdir()
        files = test_fuzz.valid() | {"models.csv": test_fuzz.TABLE, "txt": b"ACGT TTT # words\n"}
        for number, kind in enumerate(KINDS):
            (corpus / kind).write_bytes(bytes([number]) + files[kind])
        arguments = [*sys.argv, "-max_len=8192", "-timeout=10", "-rss_limit_mb=4096", str(corpus)]
    atheris.Setup(arguments, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
