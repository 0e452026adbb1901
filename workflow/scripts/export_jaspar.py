"""Write the JASPAR CORE vertebrates 2016 matrices as one small table.

JASPAR is an open database (Mathelier et al. 2016, Nucleic Acids Research 44, D110).
The `pyjaspar` package carries every release but weighs 143 MB, so the project ships
this export instead of depending on it.  Run once, by hand, where `pyjaspar` is
installed::

    cd src/attribution_consistency/resources
    python ../../../workflow/scripts/export_jaspar.py jaspar2016_vertebrates.tsv.gz

Each line is one matrix: matrix ID, name, then the counts of A, C, G and T as
comma-separated lists, one number per motif position.  All versions of a matrix are
kept, because the synthetic task names versions.
"""

import gzip
import sqlite3
import sys
from importlib.resources import files

QUERY = """
SELECT m.BASE_ID || '.' || m.VERSION, m.NAME, d.row, group_concat(d.val, ',')
FROM MATRIX m
JOIN MATRIX_ANNOTATION t ON t.ID = m.ID AND t.TAG = 'tax_group' AND t.VAL = 'vertebrates'
JOIN (SELECT * FROM MATRIX_DATA ORDER BY ID, row, col) d ON d.ID = m.ID
WHERE m.COLLECTION = 'CORE'
GROUP BY m.ID, d.row
ORDER BY m.BASE_ID, m.VERSION, d.row
"""


def main(out: str) -> None:
    """Write the table to a file."""
    database = files("pyjaspar") / "data" / "JASPAR2016.sqlite"
    matrices: dict[tuple[str, str], dict[str, str]] = {}
    with sqlite3.connect(str(database)) as connection:
        for matrix_id, name, base, counts in connection.execute(QUERY):
            numbers = ",".join(f"{float(c):g}" for c in counts.split(","))
            matrices.setdefault((matrix_id, name), {})[base] = numbers
    lines = ["matrix_id\tname\tA\tC\tG\tT"]
    lines += ["\t".join((*key, *(rows[b] for b in "ACGT"))) for key, rows in matrices.items()]
    # mtime=0 and no file name: the same matrices give the same bytes.
    with open(out, "wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as f:
        f.write(("\n".join(lines) + "\n").encode())
    print(f"{len(matrices)} matrices written to {out}")


if __name__ == "__main__":
    main(*sys.argv[1:])
