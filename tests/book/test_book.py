"""The quick book as a reader gets it: what a strict build does not notice."""

import importlib.util
import json
import re
import struct
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from compendium import paths
from compendium.page.browser import BrowserError, chromium


class Page(HTMLParser):
    """Addresses a page loads, its images, its text outside scripts, and its inline scripts."""

    LOADED: ClassVar = {
        "script": "src",
        "img": "src",
        "iframe": "src",
        "source": "src",
        "video": "src",
        "audio": "src",
        "embed": "src",
        "object": "data",
    }

    def __init__(self, text):
        super().__init__()
        self.loaded, self.images, self.anchors, self.code = [], [], [], ""
        self.script = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "a" and given.get("href"):
            self.anchors.append(given["href"])
        if tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon", "shortcut icon"):
            self.loaded.append(given.get("href") or "")
        if tag in self.LOADED and given.get(self.LOADED[tag]):
            self.loaded.append(given[self.LOADED[tag]])
        if tag == "img":
            self.images.append(given)
        self.script = tag in ("script", "style")

    def handle_endtag(self, tag):
        self.script = self.script and tag not in ("script", "style")

    def handle_data(self, data):
        if self.script:
            self.code += data


@pytest.fixture(scope="module")
def pages(quick_book):
    """Every page of the book: {name: Page}."""
    found = {
        path.relative_to(quick_book).as_posix(): Page(path.read_text(encoding="utf-8"))
        for path in quick_book.rglob("*.html")
        if "_static" not in path.parts
    }
    assert len(found) > 5
    return found


@pytest.fixture(scope="module")
def notebooks(repository, quick_book):
    """The executed notebooks of the quick run: {name: document}."""
    folder = repository / "results" / "quick" / "notebooks"
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.ipynb"))}
    assert found
    return found


def test_every_notebook_of_the_contents_was_executed(repository, notebooks):
    sources = {path.stem for path in (repository / "notebooks").glob("*.py")}
    assert sources == set(notebooks)


def test_no_cell_failed(notebooks):
    for name, document in notebooks.items():
        for cell in document["cells"]:
            for output in cell.get("outputs", []):
                assert output["output_type"] != "error", f"{name}: {output}"


def test_no_cell_was_left_unexecuted(notebooks):
    for name, document in notebooks.items():
        for cell in document["cells"]:
            if cell["cell_type"] == "code" and "".join(cell["source"]).strip():
                assert cell["execution_count"], f"{name}: {''.join(cell['source'])[:60]}"


def test_no_cell_warned(notebooks):
    for name, document in notebooks.items():
        for cell in document["cells"]:
            for output in cell.get("outputs", []):
                if output.get("name") == "stderr":
                    assert "Warning" not in "".join(output["text"]), f"{name}: {output['text']}"


def test_no_page_shows_a_traceback_or_an_unresolved_value(quick_book):
    for path in quick_book.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "Traceback (most recent call last)" not in text, path.name
        assert 'pasted-text"></span>' not in text and "{glue:" not in text, path.name


def test_executed_notebooks_and_pages_name_no_machine(repository, notebooks, quick_book):
    for name, document in notebooks.items():
        # As a bool: pytest would take minutes to show how two long texts differ.
        named = str(repository) in json.dumps(document)
        assert not named, name
    for path in quick_book.rglob("*.html"):
        named = str(repository) in path.read_text(encoding="utf-8")
        assert not named, path.name


def test_every_image_has_a_description(pages):
    for name, page in pages.items():
        for image in page.images:
            alternative = (image.get("alt") or "").strip()
            assert alternative, f"{name}: {image.get('src')} has no alt text"
            # What Sphinx puts in where the author gave none.
            assert not re.search(r"(^|/)_images/|\.(png|svg)$", alternative), f"{name}: {image}"


def test_pages_are_light(pages, quick_book):
    """Without what all pages share: at most 3 MB a page, and 400 kB an image."""
    for name, page in pages.items():
        here = (quick_book / name).parent
        inline = [i["src"] for i in page.images if i["src"].startswith("data:")]
        weights = {
            i["src"]: (here / i["src"]).stat().st_size
            for i in page.images
            if i["src"] not in inline
        }
        # Four letters of base64 are three bytes; inline images weigh with their page.
        heavy = [image[:60] for image in inline if len(image) * 3 / 4 > 400_000]
        heavy += [image for image, size in weights.items() if size > 400_000]
        assert not heavy, name
        assert (quick_book / name).stat().st_size + sum(weights.values()) <= 3_000_000, name


def test_nothing_is_loaded_from_another_host(pages, quick_book):
    foreign = re.compile(r"^(?:[a-z]+:)?//", re.I)
    for name, page in pages.items():
        assert not [address for address in page.loaded if foreign.match(address)], name
        scripts = r"(?:https?:)?//[\w.-]+\.\w+/[\w./@-]*\.(?:m?js|css)\b"
        assert not re.findall(scripts, page.code), name
    for sheet in quick_book.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(?:@import\s+|url\(\s*)[\"']?(?:https?:)?//", text), sheet.name


def test_links_within_the_book_lead_somewhere(pages, quick_book):
    for name, page in pages.items():
        here = (quick_book / name).parent
        for address in page.anchors:
            target = re.split(r"[#?]", address)[0]
            if target and not re.match(r"^[a-z]+:|//", target):
                assert (here / target).exists(), f"{name}: {address}"


def test_the_archive_holds_the_executed_notebooks_and_no_solution(quick_book, notebooks):
    with zipfile.ZipFile(quick_book / "notebooks.zip") as archive:
        names = set(archive.namelist())
        assert "config.yml" in names and not [name for name in names if "solution" in name]
        for name, document in notebooks.items():
            assert json.loads(archive.read(f"{name}.ipynb")) == document
    exercises = {path.name for path in (quick_book / "exercises").glob("*.ipynb")}
    assert {name.removeprefix("exercises/") for name in names if "/" in name} == exercises


def test_every_figure_has_its_provenance(repository, notebooks, pages):
    shown, page = 0, "book/provenance.html"
    links = [a for a in pages[page].anchors if "#fig-" in a]
    for name, document in notebooks.items():
        text = "".join(
            "".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "markdown"
        )
        figures = re.findall(r"\{glue:figure\} (\w+)", text)
        if not figures:
            continue
        noted = json.loads(
            (repository / "results" / "quick" / "provenance" / f"{name}.json").read_text()
        )
        assert set(figures) <= set(noted), name
        for figure in figures:
            assert noted[figure]["code"]["modules"] > 1 and noted[figure]["data"], (name, figure)
        here = [a for a in links if f"/{name}.html" in a]
        assert len(here) == len(figures), name
        shown += len(figures)
    assert shown == len(links) > 20


def test_an_address_once_published_stays_or_leads_on(repository, script, tmp_path):
    """Every page is in the table, so that one which goes later leaves a line behind."""
    rows = (repository / "book" / "addresses.tsv").read_text().splitlines()[1:]
    pages = set(re.findall(r"(?:file|root): (\S+)", (repository / "_toc.yml").read_text()))
    now = dict(map(str.split, rows))
    assert len(now) == len(rows) and pages <= {old for old, new in now.items() if new == "-"}
    assert {old if new == "-" else new for old, new in now.items()} <= pages
    write, error = script("ext/old_addresses.py").write, "cannot lead"
    for page in ("a/new.html", "b/other.html"):
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text("new")
    write({"a/old": "b/other", "c/older": "a/new"}, tmp_path)
    assert 'url=../b/other.html"' in (tmp_path / "a" / "old.html").read_text()
    assert 'url=../a/new.html"' in (tmp_path / "c" / "older.html").read_text()
    for wrong in ({"a/new": "b/other"}, {"x": "nowhere"}):
        with pytest.raises(Exception, match=error):
            write(wrong, tmp_path)


def test_links_to_the_book_get_a_picture_once_it_has_an_address(script, quick_book):
    picture = (quick_book / "social_preview.png").read_bytes()
    assert struct.unpack(">II", picture[16:24]) == (1200, 630) and len(picture) < 400_000
    front = (quick_book / "book" / "intro.html").read_text(encoding="utf-8")
    assert "og:image" not in front  # no address, no tags
    tags = script("ext/social_preview.py").tags
    found = tags("https://example.org/book", "notebooks/x", 'A "title"', "words")
    assert 'property="og:image" content="https://example.org/book/social_preview.png"' in found
    assert 'property="og:url" content="https://example.org/book/notebooks/x.html"' in found
    assert "A &quot;title&quot;" in found


def test_the_front_page_leads_to_every_chapter(repository, pages):
    front = pages["book/intro.html"]
    reached = {re.split(r"[#?]", a)[0].removeprefix("../") for a in front.anchors}
    sources = {path.stem for path in (repository / "notebooks").glob("*.py")} - {"slides"}
    assert {f"notebooks/{name}.html" for name in sources} <= reached


def test_no_repository_buttons_without_a_repository(pages):
    for name, page in pages.items():
        assert not [a for a in page.anchors if "/edit/" in a or "/issues/new" in a], name


def test_formulas_are_drawn_without_a_network(quick_book):
    """The copy of MathJax in the book turns a formula into a picture in a real browser."""
    try:
        program = chromium()
    except BrowserError as error:
        pytest.skip(str(error))
    page = next(
        path
        for path in sorted((quick_book / "notebooks").glob("*.html"))
        if 'class="math' in path.read_text(encoding="utf-8")
    )
    drawn = subprocess.run(
        [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=20000",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    assert "<mjx-container" in drawn and "<svg" in drawn


def test_the_manifest_belongs_to_the_book(repository, quick_book):
    manifest = json.loads((repository / "results" / "quick" / "manifest.json").read_text())
    assert manifest["run"] == "quick"
    assert {"python", "numpy", "attribution-consistency"} <= set(manifest["versions"])
    assert "results/quick/config.yml" in manifest["inputs"]
    assert str(repository) not in json.dumps(manifest)


def test_the_whole_book_is_one_pdf_with_contents_and_page_numbers(repository, quick_book):
    """Through the browser, as `make pdf`: every chapter begins a page, figures have numbers."""
    try:
        chromium()
    except BrowserError as error:
        pytest.skip(str(error))
    script = repository / "workflow" / "scripts" / "book_pdf.py"
    done = subprocess.run(
        [sys.executable, script, "quick"], cwd=repository, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    made, slides = (repository / line for line in done.stdout.split())
    content = made.read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert content.startswith(b"%PDF") and pages > 60
    assert b"/Outlines" in content, "a reader's list of contents"
    page = made.parent / "_build" / "singlehtml" / "book" / "intro.html"
    html = page.read_text(encoding="utf-8")
    chapters = set(re.findall(r'id="document-notebooks/(\w+)"', html))
    assert set(paths.notebook_names()) <= chapters
    assert re.search(r"Fig\. \d+", html)
    assert "counter(page)" in (repository / "book" / "static" / "book.css").read_text()
    assert slides.read_bytes().startswith(b"%PDF")
    made.unlink()
    slides.unlink()


def test_the_names_of_an_index_join_the_headers_and_displace_none(repository):
    import pandas as pd

    path = repository / "book" / "ext" / "accessible_html.py"
    spec = importlib.util.spec_from_file_location("accessible_html", path)
    extension = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extension)
    table = pd.DataFrame({"x": [1, 2], "y": [3, 4], "z": [5, 6]}, index=pd.Index(["a", "b"]))
    for names in (["which"], ["which", "x"]):
        named = table.rename_axis(index="which")
        named = named.set_index("x", append=True) if len(names) == 2 else named
        for html in (named.to_html(), named.style.to_html()):
            head = re.search(r"<thead>.*?</thead>", extension.repair(html), re.S)[0]
            texts = re.findall(r"<t[dh]\b[^>]*>([^<]*)</t[dh]>", head)
            assert [t.strip() for t in texts] == [*names, *named.columns], html


def test_no_cell_of_a_table_shows_a_value_of_python(quick_book):
    """A missing value is a dash, a truth value a word."""
    looked_at = 0
    for path in quick_book.rglob("*.html"):
        for cell in re.findall(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", path.read_text("utf-8"), re.S):
            text = re.sub(r"<[^>]+>", "", cell).strip()
            looked_at += 1
            raw = r"True|False|None|[nN]a[nNT]|&lt;NA&gt;|-?inf|\d\.\d{7,}"
            if path.stem != "status":  # which repeats the configuration as it is written
                raw += r"|\d(\.\d+)?e[-+]\d+"
            assert not re.fullmatch(raw, text), (path.name, text)
    assert looked_at > 500


def test_numbers_stand_right_and_truth_values_are_words(script):
    import pandas as pd

    shares = ["> 99%", "2%"]
    table = pd.DataFrame({"id": ["a-1", "b"], "x": [1.5, None], "share": shares})
    table["clear"] = [True, False]
    html = table.style.format({"x": "{:.1f}"}, na_rep="–").hide(axis="index").to_html()
    shown = script("ext/accessible_html.py").repair(html)
    cells = re.findall(r'class="([^"]*)"\s*>([^<]*)</t[dh]>', shown)
    numbers = [text for kinds, text in cells if "number" in kinds]
    assert numbers == ["x", "share", "1.5", "> 99%", "–", "2%"]
    assert [text for _, text in cells][-5:] == ["yes", "b", "–", "2%", "no"]


def test_paths_and_names_break_between_words_only(script):
    code = '<code><span class="pre">a_b/bn-exp-00.npz</span> <span class="pre">--out</span></code>'
    broken = script("ext/accessible_html.py").repair(code)
    assert "a_<wbr>b/<wbr>bn-<wbr>exp-<wbr>00.npz<" in broken and ">--out</span></span>" in broken


def test_no_table_has_a_header_row_of_index_names_alone(quick_book):
    """Their names stand in the row of headers, above the columns that they name."""
    row = re.compile(r"<tr[^>]*>(?:(?!</tr>).)*</tr>\s*</thead>", re.S)
    looked_at = 0
    for page in (quick_book / "notebooks").glob("*.html"):
        for last in row.findall(page.read_text(encoding="utf-8")):
            cells = re.findall(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", last, re.S)
            texts = [re.sub(r"<[^>]+>|&nbsp;|\s", "", cell) for cell in cells]
            looked_at += 1
            assert len(texts) < 2 or texts[-1] or not texts[0], (page.name, texts)
    assert looked_at > 20


def test_a_link_to_a_term_shows_its_definition(quick_book):
    """As plain text: no label of another link is left in it."""
    text = (quick_book / "notebooks" / "04_length_scaling.html").read_text(encoding="utf-8")
    links = re.findall(r"<a [^>]*glossary\.html#term-[^>]*>", text)
    titles = [re.search(r'title="([^"]*)"', link) for link in links]
    assert len(links) > 10 and all(titles)
    assert all(len(title[1].split()) > 4 and " See " not in title[1] for title in titles)
