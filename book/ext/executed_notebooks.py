"""Sphinx extension: show percent-format notebooks with the outputs of a run.

The book lists the sources, `notebooks/*.py`.  For each, the reader below looks in
`results/<run>/notebooks` for the executed copy that was made from exactly this source
(its `source_sha256` says so) and hands it to MyST-NB; without one the build fails.  The
run is named by the environment variable `ATTRIBUTION_CONSISTENCY_RUN`, "default" if unset.

The pages of the exercises are not executed: their copies are the student notebooks, which the
book also offers for download.  All of them together, as the run left them, are the archive
`notebooks.zip` of the book.

It also switches the repository buttons on once the configuration names a repository, links
chapters and exercises to Binder and Colab then, and takes out Thebe, which would load its code from
another host. Colab opens the notebooks of the published book: the branch `gh-pages` holds what is
built, and with it `executed/` and `exercises/`.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import nbformat
from docutils import nodes
from sphinx.errors import ExtensionError

from compendium import paths
from compendium.paths import text_sha256

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

PUBLISHED = "gh-pages"
BUTTONS = ("use_repository_button", "use_edit_page_button", "use_issues_button")


def read(text: str) -> nbformat.NotebookNode:
    """The executed notebook whose source is `text`.

    Raises
    ------
    ExtensionError
        Which stops the build, when there is none.
    """
    run = os.environ.get(paths.RUN_VARIABLE, "default")
    wanted = text_sha256(text)
    for path in sorted(paths.Run(run).notebooks.rglob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if notebook.metadata.get("source_sha256") == wanted:
            return notebook
    title = next((line for line in text.splitlines() if line.startswith("# # ")), "# # ?")[4:]
    raise ExtensionError(
        f"notebook {title!r}: run {run!r} holds no executed copy of this version of the source; "
        "run the workflow again"
    )


def show_repository_buttons(app: Sphinx, config: Config) -> None:
    """Repository, edit and issue buttons need a repository address: none, no buttons."""
    options = config.html_theme_options
    for button in BUTTONS:
        options[button] = bool(options.get("repository_url"))


def launch_links(repository: str, branch: str, page: str) -> dict[str, str]:
    """Where a notebook opens for a reader who has no copy, {name of the service: address}.

    None for a page that is no notebook, or a repository that is not on GitHub.
    """
    name, host = page.removeprefix("notebooks/"), "https://github.com/"
    if name in (page, "status") or not repository.startswith(host):
        return {}
    owner = repository.removeprefix(host).removesuffix("/").removesuffix(".git")
    exercise = name.startswith("exercises/")
    built = f"{name}.ipynb" if exercise else f"executed/{name}.ipynb"
    source = f"{page}.py"  # Jupytext, which the environment has, opens it as a notebook
    return {
        "Binder": f"https://mybinder.org/v2/gh/{owner}/{branch}?urlpath=lab/tree/{source}",
        "Colab": f"https://colab.research.google.com/github/{owner}/blob/{PUBLISHED}/{built}",
    }


def offer_launch(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Below the title, links that open a chapter or exercise elsewhere, given a repository."""
    options = app.config.html_theme_options
    branch = options.get("repository_branch") or "main"
    links = launch_links(options.get("repository_url") or "", branch, page)
    if links and "body" in context:
        shown = " · ".join(f'<a href="{to}">open in {name}</a>' for name, to in links.items())
        context["body"] = below_title(context["body"], f'<p class="launch">{shown}</p>')


def below_title(body: str, paragraph: str) -> str:
    """The HTML of a page with a paragraph more."""
    return body.replace("</h1>", "</h1>" + paragraph, 1)


def offer_download(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Below the title of a student notebook, a link to the notebook, and to its data."""
    if page.startswith("notebooks/exercises/"):
        name = f"{os.path.basename(page)}.ipynb"
        files = "../../exercises"
        alone = os.path.basename(page) < "06"  # part I needs no run
        link = (
            f'<p>Download <a href="{files}/{name}" download>this notebook</a> and <a '
            f'href="{files}/lesson_data.zip" download>lesson_data.zip</a> into one folder'
            + ("" if alone else " of your copy of the repository")
            + ', and see how to open them <a href="../../book/how_to_rerun.html">on the page about'
            " rerunning</a>.</p>"
        )
        context["body"] = below_title(context["body"], link)


def copy_downloads(app: Sphinx, error: Exception | None) -> None:
    """Put the student notebooks into the book, under `exercises/`, and an archive of all."""
    run = paths.Run(os.environ.get(paths.RUN_VARIABLE, "default"))
    if error or app.builder.format != "html":
        return
    for path in run.notebook("exercises/x").parent.glob("*.ipynb"):
        os.makedirs(os.path.join(app.outdir, "exercises"), exist_ok=True)
        shutil.copyfile(path, os.path.join(app.outdir, "exercises", path.name))
    data = run.exercise("lesson_data.zip")
    if data.exists():
        shutil.copy(data, os.path.join(app.outdir, "exercises"))
    os.makedirs(os.path.join(app.outdir, "executed"), exist_ok=True)
    archive = os.path.join(app.outdir, "notebooks.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for page in sorted(app.env.found_docs | {"notebooks/slides"}):
            name = page.removeprefix("notebooks/")
            if name != page and run.notebook(name).exists():
                packed.write(run.notebook(name), f"{name}.ipynb")
                if "/" not in name:
                    shutil.copy(run.notebook(name), os.path.join(app.outdir, "executed"))
        packed.write(run.config, "config.yml")


def drop_thebe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Leave out the scripts and styles of Thebe, which Jupyter Book always adds."""

    def foreign(file):
        return "thebe" in str(file).lower() or "thebe" in str(getattr(file, "attributes", ""))

    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not foreign(file)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what this extension adds."""
    app.connect("build-finished", copy_downloads)
    app.connect("html-page-context", offer_download)
    app.connect("html-page-context", offer_launch)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("config-inited", show_repository_buttons, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
