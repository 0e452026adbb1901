"""The browser of the system, which prints pages and takes pictures of them."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")


class BrowserError(ValueError):
    """There is no browser; the message says what to install."""


def chromium() -> str:
    """Path of a Chromium.

    Raises
    ------
    BrowserError
        When none of `NAMES` is on the search path.
    """
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise BrowserError("no Chromium found: install one, such as Debian's package chromium")
