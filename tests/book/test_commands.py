"""Every command that README and book print is one that exists, with the options it has."""

import re
import shlex
import subprocess
import sys

import pytest

from attribution_consistency import cli
from compendium import __main__ as book

PAGES = ("README.md", "CONTRIBUTING.md", "book/*.md", "notebooks/*.py")
PROGRAMS = (".venv/bin/", "make ", "python -m ", "attribution-consistency ")


def printed(repository):
    """(page, command) of every command in a fenced block; lines that go on are joined."""
    found = []
    for pattern in PAGES:
        for page in sorted(repository.glob(pattern)):
            text = page.read_text(encoding="utf-8")
            if page.suffix == ".py":
                text = re.sub(r"^# ?", "", text, flags=re.M)
            for block in re.findall(r"^```(?:bash|sh|console)?\n(.*?)^```", text, re.M | re.S):
                lines = block.replace("\\\n", " ").splitlines()
                found += [(page.name, line.strip()) for line in lines if line.startswith(PROGRAMS)]
    return found


def arguments(command):
    """Words of a command, without comment, redirection and the path of the environment."""
    words = shlex.split(command, comments=True)
    if ">" in words:
        words = words[: words.index(">")]
    return [words[0].removeprefix(".venv/bin/"), *words[1:]]


def test_commands_are_printed(repository):
    assert len(printed(repository)) > 20


def test_every_printed_command_can_be_typed(repository, capsys):
    scripts = {"python", "pip", "ruff", "snakefmt", "jupyter", "pre-commit", "mypy"}
    for page, command in printed(repository):
        words = arguments(command)
        if words[0] == "make":
            check_target(repository, page, words)
        elif words[0] == "attribution-consistency":
            check_parser(cli.parser(), words[1:], page)
        elif words[:3] == ["python", "-m", "compendium"]:
            check_parser(book.parser(), words[3:], page)
        elif words[:2] == ["python", "-m"]:
            name = words[2]
            place = repository / "src" / (name.replace(".", "/") + ".py")
            assert name in ("pip", "pytest", "snakemake", "build") or place.exists(), (
                page,
                command,
            )
        elif words[0] == "python":
            assert (repository / words[1]).is_file(), (page, command)
        else:
            assert words[0] in scripts, (page, command)


def check_parser(parser, words, page):
    """The words are accepted by a parser of ours; an ellipsis stands for what a reader fills in."""
    try:
        parser.parse_args(words)
    except SystemExit as end:
        pytest.fail(f"{page}: {' '.join(words)}: exit status {end.code}")


def check_target(repository, page, words):
    """A target of the Makefile, and variables that it reads."""
    makefile = (repository / "Makefile").read_text()
    for word in words[1:]:
        name, equals, _ = word.partition("=")
        known = rf"\$[({{](?:if \$\(|filter \w+,\$\()?{name}\b" if equals else rf"^{name}:"
        assert re.search(known, makefile, re.M), f"{page}: {' '.join(words)}: {word}"


def test_the_commands_have_help():
    for module in ("attribution_consistency", "compendium"):
        done = subprocess.run(
            [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True
        )
        assert "usage:" in done.stdout
