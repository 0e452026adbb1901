"""Links that open a chapter or an exercise elsewhere: there once a repository is, and right."""

import importlib.util
import os
import subprocess
import types

import pytest
import yaml

URL = "https://github.com/made-up/compendium"


@pytest.fixture(scope="module")
def extension(repository):
    path = repository / "book" / "ext" / "executed_notebooks.py"
    spec = importlib.util.spec_from_file_location("executed_notebooks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def begun(extension, page, **options):
    app = types.SimpleNamespace(config=types.SimpleNamespace(html_theme_options=options))
    context = {"body": "<h1>Title</h1>"}
    extension.offer_launch(app, page, "page.html", context, None)
    return context["body"].removeprefix("<h1>Title</h1>")


@pytest.mark.parametrize(
    ("page", "binder", "colab"),
    [
        (
            "notebooks/03_attribution_weighting",
            "notebooks/03_attribution_weighting.py",
            "executed/03_attribution_weighting.ipynb",
        ),
        (
            "notebooks/exercises/02_signal_to_noise",
            "notebooks/exercises/02_signal_to_noise.py",
            "exercises/02_signal_to_noise.ipynb",
        ),
    ],
)
@pytest.mark.parametrize("address", [URL, URL + "/", URL + ".git"])
def test_chapters_and_exercises_open_in_binder_and_colab(
    extension, repository, page, binder, colab, address
):
    html = begun(extension, page, repository_url=address, repository_branch="book")
    assert f"https://mybinder.org/v2/gh/made-up/compendium/book?urlpath=lab/tree/{binder}" in html
    assert f"/github/made-up/compendium/blob/gh-pages/{colab}" in html
    assert (repository / binder).exists()


@pytest.mark.parametrize("page", ["book/intro", "notebooks/status", "genindex"])
def test_other_pages_have_no_such_links(extension, page):
    assert begun(extension, page, repository_url=URL) == ""


@pytest.mark.parametrize("address", [None, "", "https://example.org/made-up/compendium"])
def test_without_a_repository_on_github_there_are_none(extension, address):
    assert begun(extension, "notebooks/01_synthetic_data", repository_url=address) == ""


@pytest.mark.slow
def test_what_colab_opens_is_in_the_built_book(extension, repository, quick_book):
    for page in (
        *quick_book.glob("notebooks/*.html"),
        *quick_book.glob("notebooks/exercises/*.html"),
    ):
        if page.stem == "index":
            continue  # an address that leads on
        name = page.relative_to(quick_book).with_suffix("").as_posix()
        links = extension.launch_links(URL, "main", name)
        if links:
            assert (quick_book / links["Colab"].split("/blob/gh-pages/")[1]).exists(), name


def test_the_built_book_is_pushed_to_the_branch_that_colab_opens(extension, repository, tmp_path):
    """The step of the workflow as it stands, with a repository here for the one on GitHub."""
    workflow = repository / ".github" / "workflows" / "book.yml"
    steps = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]["build"]["steps"]
    (step,) = (step for step in steps if "git push" in step.get("run", ""))
    built, remote = tmp_path / step["working-directory"], tmp_path / "remote.git"
    (built / "executed").mkdir(parents=True)
    (built / "executed" / "a.ipynb").write_text("{}")
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    given = {"GITHUB_SHA": "0" * 40, "GITHUB_REPOSITORY": "made-up/compendium", "TOKEN": "secret"}
    instead = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{remote}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://x-access-token:secret@github.com/made-up/compendium",
    }
    environment = os.environ | given | instead
    subprocess.run(["bash", "-ec", step["run"]], cwd=built, env=environment, check=True)
    command = ["git", "ls-tree", "-r", "--name-only", extension.PUBLISHED]
    found = subprocess.run(command, cwd=remote, capture_output=True, text=True, check=True)
    assert {".nojekyll", "executed/a.ipynb"} <= set(found.stdout.splitlines())
