"""What tests of the book share: the browser of the system, and what it checks for everyone."""

import gc
import os
from pathlib import Path

import pytest

from compendium.page.browser import BrowserError, chromium

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
MORE_RULES = ["heading-order", "page-has-heading-one"]


@pytest.fixture(scope="module")
def browser():
    """Chromium; where there is none the tests are skipped, in continuous integration they fail."""
    missing = pytest.fail if os.environ.get("CI") else pytest.skip
    try:
        path = chromium()
    except BrowserError as error:
        missing(str(error))
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("no playwright: install requirements-test.lock")
    # Playwright's greenlets, collected in the middle of it, break Python 3.11's own parser, which
    # pytest needs to show a failure.
    gc.disable()
    with sync_playwright() as playwright:
        # Inside containers and as root, Chromium's own sandbox cannot start.
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()
    gc.enable()
    gc.collect()


@pytest.fixture(scope="module")
def axe():
    """Violations of WCAG 2.1 AA and of MORE_RULES: axe(tab, only=rules, exclude=selectors)."""
    import axe_playwright_python

    source = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()

    def violations(tab, only=None, exclude=()):
        if not tab.evaluate("() => 'axe' in window"):
            tab.evaluate(source)
        rules = {"rules": {rule: {"enabled": True} for rule in MORE_RULES}}
        options = {
            # Without this axe fetches every style sheet once more, and the wrong one of some.
            "preload": False,
            "resultTypes": ["violations"],
            **({"runOnly": only} if only else {"runOnly": WCAG, **rules}),
        }
        # Of the words of code, the first of each colour stands for all: thousands look the same.
        tab.evaluate("""() => {
          const seen = new Set();
          for (const word of document.querySelectorAll(".highlight span")) {
            if (seen.has(word.className)) word.dataset.again = "";
            seen.add(word.className);
          }
        }""")
        where = {"include": ["html"], "exclude": ["[data-again]", *exclude]}
        found = tab.evaluate("given => axe.run(...given)", [where, options])["violations"]
        return [
            f"{rule['id']}: {node['target']} {node['html'][:120]} {node['failureSummary']}"
            for rule in found
            for node in rule["nodes"]
        ]

    return violations
