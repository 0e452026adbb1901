"""Make the whole book one PDF file, through the browser: contents, figure and page numbers.

The executed notebooks of a run become one long page, which a headless Chromium prints. So are the
slides of the class, into a file beside them. Run from the root of the repository, after
`make book`::

    python workflow/scripts/book_pdf.py [RUN]
"""

import os
import subprocess
import sys
from pathlib import Path

from compendium import paths
from compendium.building import BUILDER
from compendium.page.browser import BrowserError, chromium
from compendium.run import RunError

SECONDS = 300  # that the browser may take


def one_page(run: paths.Run) -> Path:
    """The book of a finished run as one HTML page."""
    folder = run.folder / "book"
    command = [*BUILDER, str(paths.root()), "--builder", "singlehtml"]
    command += ["--path-output", str(folder)]
    environment = os.environ | {paths.RUN_VARIABLE: run.name}
    log = run.logs / "pdf.log"
    with open(log, "w") as out:
        status = subprocess.call(command, stdout=out, stderr=out, env=environment)
    page = folder / "_build" / "singlehtml" / "book" / "intro.html"
    if status or not page.exists():
        raise RunError(
            f"no page could be built: see {paths.relative(log)}; 'make book' comes first"
        )
    return page


def print_page(page: Path, target: Path, query: str = "") -> None:
    """Print a page, with everything that its scripts draw, into a PDF file with an outline."""
    part = target.with_suffix(".part.pdf")
    command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu"]
    command += ["--virtual-time-budget=120000", "--no-pdf-header-footer"]
    command += ["--generate-pdf-document-outline", f"--print-to-pdf={part}"]
    command += [page.as_uri() + query]
    subprocess.run(command, check=True, timeout=SECONDS, capture_output=True)
    part.replace(target)


def main() -> int:
    """Exit status: 0, or 2 with one line that says what is missing."""
    run = paths.Run(*(sys.argv[1:2] or ["default"]))
    target = run.folder / "book" / "book.pdf"
    deck = run.book / "slides" / "index.html"
    try:
        run.logs.mkdir(parents=True, exist_ok=True)
        print_page(one_page(run), target)
        if deck.exists():
            print_page(deck, deck.with_name("slides.pdf"), "?print-pdf")
    except (BrowserError, RunError, OSError, subprocess.SubprocessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(paths.relative(target))
    if deck.exists():
        print(paths.relative(deck.with_name("slides.pdf")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
