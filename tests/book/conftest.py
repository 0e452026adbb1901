"""What tests of the book share: the browser of the system."""

import gc
import os

import pytest

from compendium.page.browser import BrowserError, chromium


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
