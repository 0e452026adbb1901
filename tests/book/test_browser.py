"""The quick book in a real browser: every page loads, fits, can be read aloud and printed.

Playwright drives the Chromium of the system.  Each page is visited twice, on a desktop in the
light theme and on a phone in the dark one; pictures go to results/quick/screenshots.
"""

import functools
import http.server
import json
import re
import threading
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import yaml
from metric_examples import planted_pair

from attribution_consistency import cli

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = "/a/folder/"  # a book need not lie at the root of its site
VIEWS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 375, "height": 740}, "color_scheme": "dark", "has_touch": True},
}
LISTS = {"book/api", "book/columns", "genindex"}  # looked up, not read from top to bottom


def contents():
    """Pages of the book without suffix: those of the table of contents and the general ones."""
    toc = yaml.safe_load((REPOSITORY / "_toc.yml").read_text())
    named = re.findall(r"'(?:root|file)': '([^']+)'", str(toc))
    return [*named, "genindex", "search", "404"]


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves the book below FOLDER, with its own page for wrong addresses."""

    def translate_path(self, path):
        inside = path.removeprefix(FOLDER) if path.startswith(FOLDER) else "no such folder"
        return super().translate_path("/" + inside)

    def send_error(self, code, message=None, explain=None):
        body = (Path(self.directory) / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def site(quick_book):
    """Address of the book on a local server."""
    handler = functools.partial(Server, directory=str(quick_book))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{FOLDER}"
        server.shutdown()


@pytest.fixture(scope="module")
def contexts(browser):
    """What a reader brings along in each view, memory for visited files included."""
    return {view: browser.new_context(**options) for view, options in VIEWS.items()}


def complaints_of(tab, site):
    """A list that fills with the errors of a tab and its requests that fail or leave the book."""
    heard = []

    def asked(request):
        if urlsplit(request.url).scheme.startswith("http") and not request.url.startswith(site):
            heard.append(f"asks another host or folder: {request.url}")

    tab.on("console", lambda m: heard.append(f"console: {m.text}") if m.type == "error" else None)
    tab.on("pageerror", lambda error: heard.append(f"script: {error}"))
    tab.on("requestfailed", lambda r: heard.append(f"failed: {r.url} {r.failure}"))
    tab.on("response", lambda r: heard.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
    tab.on("request", asked)
    return heard


def open_page(tab, address):
    """Load a page and wait for its formulas."""
    tab.goto(address, wait_until="load")
    tab.evaluate("() => window.MathJax?.startup?.promise.then(() => null)")
    # A colour half way between two themes has no contrast worth testing.
    tab.add_style_tag(content="* { transition: none !important; animation: none !important }")


@pytest.fixture(
    scope="module",
    params=[(n, v) for v in VIEWS for n in contents()],
    ids=lambda given: "-".join(given),
)
def visit(request, contexts, site):
    """One page in one view, loaded: (name, view, tab, complaints)."""
    name, view = request.param
    tab = contexts[view].new_page()
    complaints = complaints_of(tab, site)
    open_page(tab, f"{site}{name}.html")
    yield name, view, tab, complaints
    tab.close()


@pytest.fixture(scope="module")
def checks(repository):
    """Call a function of browser_checks.js in a tab: checks(tab, function)."""
    source = (repository / "tests" / "book" / "browser_checks.js").read_text()
    return lambda tab, function: tab.evaluate(f"() => {{ {source}; return {function}(); }}")


@pytest.fixture(scope="module")
def moved(repository):
    """Addresses that lead elsewhere, {old: new}."""
    rows = (repository / "book" / "addresses.tsv").read_text().splitlines()[1:]
    return {old: new for old, new in map(str.split, rows) if new != "-"}


def test_the_pages_visited_are_all_there_are(quick_book, moved):
    found = {
        path.relative_to(quick_book).with_suffix("").as_posix()
        for path in quick_book.rglob("*.html")
        if "_static" not in path.parts
    }
    assert found - {"index", "slides/index", *moved} == set(contents())


def test_old_addresses_lead_to_the_pages_of_today(tab, site, moved):
    for old, new in moved.items():
        tab.goto(f"{site}{old}.html")
        tab.wait_for_url(f"{site}{new}.html")
    tab.goto(f"{site}notebooks/")
    tab.wait_for_url(f"{site}book/intro.html")


def test_nothing_fails(visit):
    name, view, tab, complaints = visit
    assert not complaints, "\n".join(complaints)
    theme = tab.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches")
    assert theme == (view == "phone")
    if name != "404":
        assert tab.evaluate("() => document.documentElement.dataset.theme") == (
            "dark" if view == "phone" else "light"
        )


@pytest.mark.parametrize(
    "check", ["sticksOut", "badFigures", "smallText", "wrongPicture", "overlaps", "rawMaths"]
)
def test_everything_fits_and_is_drawn(visit, check, checks):
    found = checks(visit[2], check)
    assert not found, "\n".join(found)


def test_code_and_tables_fit_a_desktop_and_say_where_they_scroll_on_a_phone(visit, checks):
    _, view, tab, _ = visit
    found = checks(tab, "clipped" if view == "desktop" else "unmarked")
    assert not found, "\n".join(found)


def test_a_page_is_at_most_20_screens_of_a_phone(contexts, site):
    tab = contexts["phone"].new_page()
    tab.set_viewport_size({"width": 390, "height": 800})
    high = "() => document.documentElement.scrollHeight / innerHeight"
    lengths = {}
    for name in contents():
        open_page(tab, f"{site}{name}.html")
        lengths[name] = tab.evaluate(high)
    tab.close()
    assert {name for name, screens in lengths.items() if screens > 20} <= LISTS, lengths


def test_long_code_begins_folded_on_a_phone_only(contexts, site):
    folded = {}
    for view, context in contexts.items():
        tab = context.new_page()
        open_page(tab, f"{site}notebooks/03_attribution_weighting.html")
        cells = tab.locator("details:has(> .cell_input):has-text('lines')")
        folded[view] = cells.count()
        if view == "phone":
            code = cells.first.locator("pre")
            assert not code.is_visible()
            lines = code.text_content().strip().splitlines()
            assert f"Code, {len(lines)} lines" in cells.first.inner_text()
            cells.first.locator("summary").click()
            assert code.is_visible()
        tab.close()
    assert folded["desktop"] == 0 and folded["phone"] > 3


def test_readable_for_everyone(visit, axe):
    """The dark theme is checked on the phone; what only a desktop shows of it, on the desktop."""
    _, view, tab, _ = visit
    found = axe(tab)
    if view == "desktop":
        tab.emulate_media(color_scheme="dark")
        found += [f"dark: {line}" for line in axe(tab, ["color-contrast"], ["article"])]
        tab.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of one, of three and of thirty models, one of which is a control: {number: path}."""
    folder, written = tmp_path_factory.mktemp("reports"), {}
    x, a, _ = planted_pair(0, n=100, length=60)
    noise = np.random.default_rng(0).gamma(0.3, size=(30, *x.shape[:2], 1))
    np.savez(folder / "x.npz", x=x)
    for i in range(30):
        np.savez(folder / f"model_{i:02d}.npz", a=a * (i / 30) + x * noise[i])
    for n in (1, 3, 30):
        maps = [str(folder / f"model_{i:02d}.npz") for i in range(30 - n, 30)]
        given = ["--sequences", str(folder / "x.npz"), "--attributions", *maps, "--ks", "3-5"]
        given += ["--controls", str(folder / "model_00.npz")] if n == 3 else []
        if n == 30:
            rows = (f"model_{i:02d},{0.7 + i % 7 / 50}" for i in range(30))
            (folder / "p.csv").write_text("\n".join(["model,auroc", *rows]))
            given += ["--performance", str(folder / "p.csv")]
        assert cli.main(["score", *given, "--out", str(folder / str(n))]) == 0
        written[n] = folder / str(n) / "report.html"
    return written


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("n", [1, 3, 30])
def test_the_report_of_the_command_is_readable(browser, report, axe, n, view, scheme):
    context = browser.new_context(**VIEWS[view] | {"color_scheme": scheme})
    page = context.new_page()
    page.goto(report[n].as_uri(), wait_until="load")
    page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found = axe(page)
    assert not found, "\n".join(found)
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    shrunk = page.evaluate("() => [...document.images].map(i => i.clientWidth / i.naturalWidth)")
    assert min(shrunk) * 120 / 72 * 10 >= 10  # pixels of letters of 10 points, at 120 dots an inch
    context.close()


def test_a_picture_for_people(visit, repository):
    name, view, tab, _ = visit
    folder = repository / "results" / "quick" / "screenshots"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name.replace('/', '_')}-{view}.jpg"
    tab.screenshot(path=file, full_page=True, type="jpeg", quality=70)
    assert file.stat().st_size > 5000


@pytest.fixture
def tab(browser, site):
    """A fresh tab of a desktop on the first page."""
    context = browser.new_context(**VIEWS["desktop"])
    page = context.new_page()
    open_page(page, site + "book/intro.html")
    yield page
    context.close()


FOCUS = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  const marked = (element) => element && getComputedStyle(element).outlineStyle !== "none";
  return {
    text: at.textContent.trim() || at.ariaLabel,
    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    marked: marked(at) || marked(at.closest(".sd-card")),
  };
}"""


def test_the_folder_of_the_book_opens_on_its_first_page(tab, site):
    tab.goto(site)
    tab.wait_for_url("**/book/intro.html")


def test_the_keyboard_skips_to_the_text(tab):
    tab.keyboard.press("Tab")
    assert tab.evaluate(FOCUS)["text"] == "Skip to main content"
    tab.keyboard.press("Enter")
    assert tab.url.endswith("#main-content")
    tab.keyboard.press("Tab")
    assert tab.evaluate("() => document.querySelector('main').contains(document.activeElement)")


def test_what_has_the_focus_shows_it(tab):
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    for _ in range(12):
        tab.keyboard.press("Tab")
        focus = tab.evaluate(FOCUS)
        assert focus["seen"] and focus["marked"], focus


def test_the_theme_can_be_changed_by_keyboard(tab):
    seen = set()
    for _ in range(3):
        tab.locator(".theme-switch-button").first.focus()
        tab.keyboard.press("Enter")
        seen.add(tab.evaluate("() => document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}


def test_the_contents_open_on_a_phone_by_keyboard(browser, site):
    context = browser.new_context(**VIEWS["phone"])
    page = context.new_page()
    open_page(page, site + "book/intro.html")
    chapter = page.locator(".bd-sidebar-primary a[href*='01_']").first
    assert not chapter.is_visible()
    page.locator(".primary-toggle").first.focus()
    page.keyboard.press("Enter")
    chapter.wait_for(state="visible")
    page.keyboard.press("Escape")
    chapter.wait_for(state="hidden")
    context.close()


@pytest.mark.parametrize(
    "chapter, figure",
    [
        ("04_length_scaling", "fig-final"),
        ("05_real_data", "fig-performance"),
        ("07_independent_networks", "fig-independent"),
    ],
)
def test_a_figure_can_be_explored_by_keyboard_and_mouse(tab, site, chapter, figure):
    open_page(tab, f"{site}notebooks/{chapter}.html")
    box, chooser = tab.locator(f"#{figure}"), tab.locator(f"#{figure} select")
    facts, ring = box.locator(".explorer-card p"), box.locator(".explorer-ring:visible").first
    data = tab.evaluate("() => JSON.parse(document.querySelector('script.explorer').textContent)")
    last = len(data["names"]) - 1
    first_facts, first_place = facts.inner_text(), ring.bounding_box()
    chooser.focus()
    tab.keyboard.press("End")
    assert chooser.input_value() == str(last)
    assert facts.inner_text() != first_facts and ring.bounding_box() != first_place
    assert data["facts"]["final score"][last] in facts.inner_text()

    picture = box.locator("img").bounding_box()
    left, top = next(points[0] for points in data["panels"] if points[0])
    tab.mouse.move(picture["x"] + left * picture["width"], picture["y"] + top * picture["height"])
    assert chooser.input_value() == "0" and facts.inner_text() == first_facts
    if "logo" in data:
        drawn = box.locator(".explorer-logo path").count()
        assert drawn == len(data["logo"]["sequence"])
    tab.emulate_media(media="print")
    assert not chooser.is_visible() and not ring.is_visible() and box.locator("img").is_visible()
    tab.emulate_media(media="screen")


def test_on_a_phone_a_ring_lies_in_the_panel_of_its_point(browser, site):
    context = browser.new_context(**VIEWS["phone"])
    page = context.new_page()
    open_page(page, site + "notebooks/04_length_scaling.html")
    box = page.locator("#fig-final")
    picture = box.locator("img")
    wide, narrow = json.loads(picture.get_attribute("data-panels"))
    assert narrow[0][1] < narrow[1][1] and abs(narrow[0][0] - narrow[1][0]) < 0.02  # one below one
    whole, rings = picture.bounding_box(), box.locator(".explorer-ring").all()
    assert len(rings) == 2
    for ring, (left, top, width, height) in zip(rings, narrow):
        at = ring.bounding_box()
        x = (at["x"] + at["width"] / 2 - whole["x"]) / whole["width"]
        y = (at["y"] + at["height"] / 2 - whole["y"]) / whole["height"]
        assert left <= x <= left + width and top <= y <= top + height
    assert len(wide) == len(narrow) == 2


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_question_answers_itself(browser, site, axe, view, script):
    """By mouse and by keyboard; an option that opens closes the one before."""
    context = browser.new_context(**VIEWS[view], java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{site}notebooks/01_synthetic_data.html", wait_until="load")
    questions = page.locator(".check").first
    title = questions.locator("> summary")
    assert title.inner_text() == "Check yourself"
    folded = questions.get_attribute("open") is None
    assert folded == (script and view == "phone")
    if folded:
        title.press("Enter")
    question = questions.locator("div[role=group]").first
    assert (
        question.locator("details").count() == 3
        and not question.locator("details p:visible").count()
    )
    for kind, verdict in {"wrong": "Not quite.", "right": "Right."}.items():
        question.locator(f".check-{kind} summary").first.click()
        assert verdict in question.locator("details p:visible").inner_text()
    question.locator(".check-right summary").press("Enter")
    assert not question.locator("details p:visible").count()
    question.locator(".check-wrong summary").first.press("Space")
    assert question.locator("details p:visible").count() == 1
    if script:
        page.evaluate(
            "() => document.querySelectorAll('.check, .check details').forEach(d => {"
            " d.removeAttribute('name'); d.open = true; })"
        )
        found = [line for line in axe(page) if "check" in line]
        assert not found, "\n".join(found)
    context.close()


def test_search_finds_a_term_of_the_glossary(tab):
    tab.keyboard.press("Control+k")
    tab.keyboard.type("saliency")
    tab.keyboard.press("Enter")
    hit = tab.locator("#search-results a[href*='book/glossary.html']").first
    hit.click(timeout=20_000)
    tab.wait_for_url("**/book/glossary.html*")
    assert tab.locator("dt", has_text="saliency").first.is_visible()


@pytest.mark.parametrize("wrong", ["nowhere.html", "notebooks/nowhere.html", "x/y/z/nowhere.html"])
def test_a_wrong_address_leads_back(tab, site, wrong):
    tab.goto(site + wrong)
    assert tab.locator("h1").inner_text() == "Page not found"
    tab.locator("base").wait_for(state="attached", timeout=10_000)
    tab.locator("a", has_text="glossary").click()
    tab.wait_for_url(site + "book/glossary.html")


def test_a_chapter_prints_with_its_figures_and_formulas(browser, site, checks):
    """In the dark theme: paper stays white."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    open_page(page, site + "notebooks/04_length_scaling.html")
    figures = page.evaluate("() => new Set([...document.images].map(image => image.src)).size")
    formulas = page.locator("article .math").count()
    assert figures and formulas
    printed = page.pdf(format="A4")
    assert printed.count(b"/Subtype /Image") >= figures
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})  # an A4 page without its margins
    assert not page.locator(".bd-sidebar-primary").is_visible()
    assert not checks(page, "badFigures") and not checks(page, "rawMaths")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("() => document.documentElement.dataset.theme") == "light"
    page.evaluate("() => document.querySelectorAll('.math').forEach(each => each.remove())")
    assert len(page.pdf(format="A4")) < len(printed)
    context.close()
