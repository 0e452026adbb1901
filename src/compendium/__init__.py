"""The tools behind the book: its workflow, networks, studies and pages."""

import sys

# Checks the form of web addresses for the package jsonschema, which every process that reads a
# notebook imports: to compile its grammars takes a second and a half, and no notebook needs them.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
