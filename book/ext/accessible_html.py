"""Sphinx extension: repair what makes the HTML of Sphinx and pandas hard to read aloud.

Lists of references call their entries `doc-biblioentry`, a role that ARIA 1.3 has dropped and
that is no item of a list; tables carry empty cells as headers; pandas gives the name of an index a
row of its own under the headers, writes light grey on the middle shades of a coloured table, prints
truth values as Python has them, and puts numbers where words begin.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

EMPTY_HEADER = re.compile(r"<th\b([^>]*)>((?:\s|&nbsp;|<p>|</p>)*)</th>")
CELL = re.compile(r"<t[dh]\b[^>]*>.*?</t[dh]>", re.S)
# The last two rows of a head, of which the second has the names of the index and nothing else.
NAMED = re.compile(
    r"(<tr[^>]*>)((?:(?!</?tr).)*)</tr>\s*<tr[^>]*>\s*((?:<th\b[^>]*>(?!\s|&nbsp;)[^<]+</th>\s*)+)"
    r"(?:<t[dh]\b[^>]*>(?:\s|&nbsp;)*</t[dh]>\s*)+</tr>\s*</thead>",
    re.S,
)
SHADED = re.compile(r"(background-color: #([0-9a-f]{6});\s*color: )#[0-9a-f]{6}")

TABLE = re.compile(r"<table\b.*?</table>", re.S)
TRUTH = re.compile(r"(<td\b[^>]*>\s*)(True|False)(\s*</td>)")
VALUE = re.compile(r'class="data \w+ (col\d+)"\s*>(.*?)</td>', re.S)
COLUMN = re.compile(r'class="((?:data|col_heading) \w+ (col\d+))"(?! colspan)')
CODE = re.compile(r'(?<=<span class="pre">)[^<]+')
OPTION = re.compile(r"--\w+")
INTERVAL = re.compile(r"(<td\b[^>]*>[^<(]*\([^<() ]+) to ([^<() ]+\))")
NUMBER = re.compile(r"\s*(?:(?:&[lg]t;|[<>])?\s?[-−]?[\d.,]+ ?%?|–)\s*")


def numbers_right(match: re.Match[str]) -> str:
    """A table of pandas whose columns of numbers alone have the class `number`."""
    columns: dict[str, list[str]] = {}
    for column, text in VALUE.findall(match[0]):
        columns.setdefault(column, []).append(text)
    numeric = {column for column, texts in columns.items() if all(map(NUMBER.fullmatch, texts))}
    return COLUMN.sub(lambda m: f'class="{m[1]}{" number" * (m[2] in numeric)}"', match[0])


def luminance(colour: str) -> float:
    """Relative luminance of a colour, "rrggbb", as WCAG 2.1 defines it; 0 to 1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def legible(match: re.Match[str]) -> str:
    """Black or white on a shade, whichever has the higher contrast: 4.58 or more."""
    return match[1] + ("#000000" if luminance(match[2]) > 0.1791 else "#ffffff")


def one_header(match: re.Match[str]) -> str:
    """The names of the index in the row of headers, above the columns that they name."""
    cells, names = CELL.findall(match[2]), CELL.findall(match[3])
    return match[1] + "".join([*names, *cells[len(names) :]]) + "</tr></thead>"


def repair(body: str) -> str:
    """The HTML of a page with roles, headers and colours that everyone can read."""
    body = TABLE.sub(numbers_right, NAMED.sub(one_header, SHADED.sub(legible, body)))
    body = TRUTH.sub(lambda m: m[1] + ("yes" if m[2] == "True" else "no") + m[3], body)
    # Paths and names break behind a slash, underscore or hyphen rather than inside a word, options
    # not behind the hyphens that they begin with, and "≤ 1" and the intervals of tables nowhere.
    body = CODE.sub(lambda m: re.sub(r"(?<=\w)([/_-])(?=\w)", r"\1<wbr>", m[0]), body)
    body = CODE.sub(lambda m: OPTION.sub(r'<span class="whole">\g<0></span>', m[0]), body)
    body = INTERVAL.sub(r"\1&nbsp;to&nbsp;\2", body.replace("≤ ", "≤&nbsp;"))
    body = body.replace('role="doc-biblioentry"', 'role="listitem"')
    return EMPTY_HEADER.sub(r"<td\1>\2</td>", body)


def repair_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Repair the body of a page before Sphinx writes it."""
    if "body" in context:
        context["body"] = repair(context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what this extension adds."""
    app.connect("html-page-context", repair_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
