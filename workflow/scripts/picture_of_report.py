"""Draw the report that a page explains: python workflow/scripts/picture_of_report.py

Scores the example maps of the package, photographs the top of the report in Chromium and writes
book/static/report.png. What it shows is noted in the file, and a test holds it against the command.
"""

import json
import sys
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from attribution_consistency import report
from attribution_consistency.score import Result, example, score_files
from compendium.page.browser import chromium

PICTURE = Path(__file__).resolve().parents[2] / "book" / "static" / "report.png"
WIDTH, END = 900, "h2:nth-of-type(2)"  # pixels; the heading before which it ends


def shown(result: Result) -> list[list[object]]:
    """What a reader can check in the picture: [model, rank, verdict, score] of each model."""
    columns = ["model", "rank", "verdict", "score"]
    return [[*row[:3], round(row[3], 3)] for row in result.table[columns].values.tolist()]


def photograph(page: Path, into: Path) -> None:
    """The report from its top to the second heading."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": 1200})
        tab.goto(page.as_uri(), wait_until="load")
        bottom = tab.evaluate(f"() => document.querySelector('{END}').getBoundingClientRect().top")
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": bottom}
        tab.screenshot(path=into, clip=clip, full_page=True)
        browser.close()


def main() -> int:
    """Write the picture."""
    result = score_files(**example())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report.write(result, folder)
        photograph(folder / "report.html", folder / "report.png")
        note = PngInfo()
        note.add_text("shown", json.dumps(shown(result)))
        with Image.open(folder / "report.png") as image:
            image.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(
                PICTURE, pnginfo=note, optimize=True
            )
    print(PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
