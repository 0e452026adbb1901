"""The repository as a whole: nothing of one machine, nothing too large, everything agreeing."""

import re
import runpy
import subprocess
import tomllib

import pytest
import yaml

# Minified by others, or made of hashes.
FOREIGN = ("book/static/mathjax/", "book/static/reveal/")
TEXT = {
    ".py",
    ".md",
    ".yml",
    ".yaml",
    ".toml",
    ".json",
    ".txt",
    ".cff",
    ".lock",
    ".tsv",
    ".csv",
    ".bib",
    ".css",
    ".js",
    ".sh",
    "",
}


@pytest.fixture(scope="module")
def texts(repository, tracked):
    """Text of every text file of the project, by name."""
    found = {}
    for path in tracked:
        if path.suffix in TEXT and not path.as_posix().startswith(FOREIGN):
            found[path.as_posix()] = (repository / path).read_text(encoding="utf-8")
    return found


def test_no_package_index_address(texts):
    hosts = [
        "py" + "pi.org",
        "python" + "hosted.org",
        "npm" + "js.org",
        "--index" + "-url",
        "--extra-index" + "-url",
        "find" + "-links",
    ]
    for name, text in texts.items():
        for host in hosts:
            assert host not in text, f"{name} mentions {host}"


def test_no_path_of_one_machine(texts):
    pattern = re.compile(r"(?<![\w.])/(work|root|home|Users|mnt|scratch)/\w")
    for name, text in texts.items():
        found = pattern.search(text.replace("/home/me", ""))
        assert found is None, f"{name}: {found[0]}"


def test_no_large_file(repository, tracked):
    for path in tracked:
        assert (repository / path).stat().st_size < 5_000_000, path


def test_nothing_generated_is_tracked(repository):
    listed = subprocess.run(["git", "ls-files"], cwd=repository, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        assert not name.startswith(("results/", "_build/", ".venv/", ".snakemake/")), name
        assert not name.endswith((".ipynb", ".pyc")), name


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_locks_pin_every_package_with_hashes_and_name_no_index(repository, name):
    text = (repository / name).read_text()
    assert "://" not in text and not re.search(r"^-", text, re.M)
    entries = re.split(r"\n(?=\S)", text.strip())
    for entry in entries:
        first = entry.splitlines()[0]
        assert re.match(r"[A-Za-z0-9_.-]+==\S+", first), first
        assert "--hash=sha256:" in entry, first


def test_the_two_locks_agree(repository):
    def pins(name):
        lines = (repository / name).read_text().splitlines()
        return dict(line.split(" ")[0].split("==") for line in lines if "==" in line.split(" ")[0])

    ours, tests = pins("requirements.lock"), pins("requirements-test.lock")
    assert {p: v for p, v in tests.items() if p in ours} == {p: ours[p] for p in tests if p in ours}


def test_the_declared_dependencies_are_locked(repository):
    import tomllib

    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    locked = (repository / "requirements.lock").read_text().lower()
    extras = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *extras["zoo"], *extras["book"]]:
        name = re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower()
        assert re.search(rf"^{re.escape(name)}==", locked, re.M), name


def test_version_and_authors_agree(repository):
    import tomllib

    import attribution_consistency

    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((repository / "CITATION.cff").read_text())
    book = yaml.safe_load((repository / "_config.yml").read_text())
    assert project["version"] == citation["version"] == attribution_consistency.__version__
    assert book["author"] == project["authors"][0]["name"] == citation["authors"][0]["name"]


def test_every_key_of_the_book_settings_is_known(repository):
    """Jupyter Book and Sphinx pass over misspelt keys in silence."""
    from jupyter_book import config as jupyter_book

    given = yaml.safe_load((repository / "_config.yml").read_text())
    known = yaml.safe_load(jupyter_book.PATH_YAML_DEFAULT.read_text())
    for key, value in given.items():
        assert key in known or key == "bibtex_bibfiles", key
        if isinstance(value, dict) and isinstance(known.get(key), dict):
            assert set(value) <= set(known[key]), f"{key}: {set(value) - set(known[key])}"
    jupyter_book.validate_yaml(given, raise_on_errors=True)


def test_every_sphinx_setting_is_known(repository, tmp_path):
    from jupyter_book.config import get_final_config
    from sphinx.application import Sphinx

    settings, _ = get_final_config(
        user_yaml=repository / "_config.yml",
        sourcedir=repository,
        cli_config={"latex_individualpages": False},
    )
    settings["external_toc_path"] = str(repository / "_toc.yml")
    app = Sphinx(
        repository,
        None,
        tmp_path,
        tmp_path,
        "dummy",
        confoverrides=settings,
        status=None,
        warning=None,
    )
    unknown = [key for key in settings if key not in app.config and key != "extensions"]
    assert not unknown


def test_every_page_of_the_contents_exists_and_every_page_is_in_them(repository):
    contents = yaml.safe_load((repository / "_toc.yml").read_text())
    listed = {contents["root"]}
    for part in contents["parts"]:
        for chapter in part["chapters"]:
            listed |= {chapter["file"], *(page["file"] for page in chapter.get("sections", []))}
    for name in listed:
        assert any((repository / (name + suffix)).exists() for suffix in (".md", ".py")), name
    pages = {f"notebooks/{path.stem}" for path in (repository / "notebooks").glob("*.py")}
    folder = repository / "notebooks" / "exercises"
    pages |= {f"notebooks/exercises/{path.stem}" for path in folder.glob("*.py")}
    pages |= {f"book/{path.stem}" for path in (repository / "book").glob("*.md")}
    assert pages - {"notebooks/slides"} <= listed, "the slides are a deck of their own"


def test_make_help_lists_every_target(repository):
    shown = subprocess.run(["make", "help"], cwd=repository, capture_output=True, text=True)
    for target in (
        "book",
        "pdf",
        "check",
        "test",
        "lock",
        "lab",
        "rerun",
        "prepare",
        "store",
        "verify",
        "release",
        "clean",
    ):
        assert re.search(rf"make {target}\b", shown.stdout), target


def test_make_clean_keeps_data_and_weights(repository):
    planned = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "clean"],
        cwd=repository,
        capture_output=True,
        text=True,
    ).stdout
    assert planned.startswith("rm -rf ")
    assert not {"data", "src", ".venv", ".", "*", "config"} & set(planned.split())


def test_rerun_without_a_configuration_says_what_to_do(repository):
    # The environment counts as installed, whatever its age.
    words = ["make", "--old-file", ".venv/.installed", "rerun", "CONFIG="]
    done = subprocess.run(words, cwd=repository, capture_output=True, text=True)
    assert done.returncode and "make rerun CONFIG=" in done.stderr


def test_environment_yml_has_what_the_lock_has_and_this_package(repository):
    """Conda, mamba and Binder need one file: every version of the lock, and nothing else."""
    lock = (repository / "requirements.lock").read_text(encoding="utf-8")
    conda = yaml.safe_load((repository / "environment.yml").read_text(encoding="utf-8"))
    *pins, own = conda["dependencies"][-1]["pip"]
    assert own == "-e ." and len(pins) > 50
    versions = {pin.split("==")[0]: pin.split("==")[1].split(" ;")[0].strip() for pin in pins}
    locked = dict(re.findall(r"^([\w.\[\]-]+)==([^\s;\\\\]+)", lock, re.M))
    assert versions == locked
    python = next(d for d in conda["dependencies"] if isinstance(d, str) and "python" in d)
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    lowest = project["project"]["requires-python"].replace(" ", "")
    assert python.split(maxsplit=1)[1] == f"{lowest},<3.14", "what make takes, too"
    script = repository / "workflow" / "scripts" / "environment_yml.py"
    made = runpy.run_path(str(script))["environment"](lock)
    assert made == (repository / "environment.yml").read_text(encoding="utf-8")


# Made by us, or by our workflow; whatever else lies beside them comes from others.
OURS = (
    *("data/beyond", "data/controls", "data/gm12878", "data/independent", "data/interactions"),
    *("data/spurious", "data/stored", "data/zoo", "data/published/prediction.csv"),
    *("book/static/book.css", "book/static/book.js", "book/static/explorer.js"),
    *("book/static/slides.css", "book/static/favicon.svg", "book/static/report.png"),
    "src/attribution_consistency/resources/book.mplstyle",
    "src/attribution_consistency/resources/default_length_weights.json",
    "src/attribution_consistency/resources/examples",
    "src/attribution_consistency/resources/formats.txt",
    "src/attribution_consistency/resources/options.toml",
    "src/attribution_consistency/resources/report",
    "src/attribution_consistency/resources/scores.schema.json",
    "src/compendium/resources/",
)


def test_what_comes_from_others_is_listed_with_its_terms(repository, tracked):
    page = (repository / "book" / "provenance.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    listed = {
        place.replace("resources/", "src/attribution_consistency/resources/", 1)
        if place.startswith("resources/")
        else place
        for row in rows
        for place in re.findall("`([^`]+)`", row.rsplit("|", 2)[1])
    }
    shipped = [p.as_posix() for p in tracked if p.as_posix().startswith(("data/", "book/static/"))]
    shipped += [p.as_posix() for p in tracked if "/resources/" in p.as_posix()]
    others = {p for p in shipped if not p.startswith(OURS)}
    assert others, "nothing found"
    assert not {p for p in others if not p.startswith(tuple(listed))}
    assert all(len(row.split("|")) == 6 and row.split("|")[3].strip() for row in rows)


def test_every_vendored_folder_has_its_licence_beside_it(repository):
    folders = [path for path in (repository / "book" / "static").iterdir() if path.is_dir()]
    assert {path.name for path in folders} == {"mathjax", "reveal"}
    for folder in folders:
        assert "ermission" in (folder / "LICENSE").read_text(encoding="utf-8"), folder


def test_files_of_tests_have_names_of_their_own(repository):
    """pytest imports them by name: of two that are called alike it would run one."""
    names = [path.name for path in (repository / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
