"""Write the page of the book that lists the public functions, from their docstrings.

Run from the root of the repository after changing a signature or a docstring::

    python workflow/scripts/export_api.py

A test compares the page with what this makes.
"""

import inspect
import re
import textwrap
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = "attribution_consistency"
PAGE = Path("book") / "api.md"
SECTIONS = {
    "Sequences": (PACKAGE, ["one_hot", "decode", "simulate"]),
    "The score": (
        PACKAGE,
        ["kmer_klds", "consistency", "length_weights", "thresholded_kld", "geometric_kld"],
    ),
    "How far to trust it": (PACKAGE, ["constant_floor", "rotated_null", "jackknife"]),
    "Where the truth is known": (PACKAGE, ["signal_to_noise", "motif_auroc", "motif_aupr"]),
    "More of the metric": (f"{PACKAGE}.metric", None),
    "Attribution methods": (
        f"{PACKAGE}.models.methods",
        [
            "saliency",
            "smoothgrad",
            "integrated_gradients",
            "expected_gradients",
            "deep_shap",
            "in_silico_mutagenesis",
        ],
    ),
    "Saved maps": (f"{PACKAGE}.scoring", ["score_files", "choose_weights"]),
}
HEAD = """# Functions of the package

All arrays are NumPy arrays: sequences `x` and attribution maps `a` have shape (N, L, 4), bases in
the order A C G T. Mistakes raise `ValueError` with one line that says what was got, what was
expected and what to do. The names under *Sequences*, *The score*, *How far to trust it* and *Where
the truth is known* are the stable interface.

```python
from attribution_consistency import jackknife, kmer_klds, one_hot

x = one_hot(sequences)  # list of str -> (N, L, 4)
kmer_klds(x, a)  # nats, for k = 3 ... 8
jackknife(x, a).low  # lower ends of 95 % intervals
```

To score maps that you saved, use the command; {doc}`columns` explains its tables.

```
.venv/bin/attribution-consistency score --sequences x.npz --attributions a.npz b.npz --out report/
.venv/bin/attribution-consistency score --example --out report/   # maps that come with the package
```

It reads these files; an array may also have the shape (N, 4, L):

| what | files |
|---|---|
| sequences | FASTA (`.fa`, `.fasta`, `.fna`, also `.gz`), or one-hot as `.npz`, `.h5` (array `x`, `sequences` or `arr_0`) or `.npy` |
| maps | `.npz`, `.h5` (array `a`, `attributions` or `arr_0`) or `.npy`; `.h5` needs the package h5py |
| performance (`--performance`) | `.csv` with the column `model`, the names of the map files without ending, and one column of numbers |
"""  # noqa: E501 - rows of a table


def sections() -> dict[str, tuple[ModuleType, list[str]]]:
    """Names by section: {title: (module, names)}, without repetition."""
    listed: set[str] = set()
    found = {}
    for title, (path, chosen) in SECTIONS.items():
        module = import_module(path)
        names = [n for n in chosen or sorted(module.__all__) if n not in listed]
        listed |= set(names)
        found[title] = (module, names)
    return found


def page() -> str:
    """Text of the page."""
    parts = [HEAD]
    for title, (module, names) in sections().items():
        parts.append(f"## {title}\n")
        if module.__name__ != PACKAGE:
            parts.append(f"From `{module.__name__}`.\n")
        if title == "Attribution methods":
            parts.append(f"```text\n{inspect.getdoc(module)}\n```\n")
        parts += [entry(name, getattr(module, name)) for name in names]
    return "\n".join(parts)


def entry(name: str, thing: Any) -> str:
    """Heading, signature and docstring of a function or a class."""
    bare = [
        parameter.replace(annotation=parameter.empty)
        for parameter in inspect.signature(thing).parameters.values()
    ]
    signature = f"{name}{inspect.Signature(bare)}"
    signature = re.sub(r"<function .*? at 0x[0-9a-f]+>", "...", signature).replace(
        f"{PACKAGE}.", ""
    )
    lines = textwrap.wrap(signature, 92, subsequent_indent="    ", break_on_hyphens=False)
    text = re.sub(r":\w+:`~?[\w.]*?(\w+)`", r"\1", inspect.getdoc(thing) or "")
    code = "\n".join(lines)
    return f"### {name}\n\n```text\n{code}\n\n{textwrap.indent(text, '    ')}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
