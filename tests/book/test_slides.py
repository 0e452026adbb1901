"""The slides of the class: they fit, can be read from the last row, and need no network.

The deck of the quick book is opened from its file, at two sizes, in a browser that is offline.
"""

import re

import matplotlib.image
import numpy as np
import pytest

from compendium import paths

SIZES = [(1280, 720), (1920, 1080)]
SMALLEST, FURNITURE = 24, 20  # pixels at 1280 x 720: of words, and of the number of a slide
DOTS, LETTERS = 200, 17.5  # of a figure: dots of an inch, least points
WORDS, MINUTES = 40, 90

# Everything visible on the present slide that sticks out of it, or lies under its number or arrows.
STICKS_OUT = """() => {
  const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale();
  const page = slide.querySelector(".page").getBoundingClientRect();
  const furniture = [...document.querySelectorAll(".slide-number, .controls-arrow")]
    .filter((element) => element.checkVisibility({ opacityProperty: true }))
    .map((element) => element.getBoundingClientRect());
  const found = [];
  for (const element of slide.querySelectorAll("h2, p, li, img, td, th, pre, mjx-container")) {
    if (element.closest("aside")) continue;
    const range = document.createRange();
    range.selectNodeContents(element);
    const boxes = element.localName === "img" || element.localName === "pre"
      ? [element.getBoundingClientRect()] : [...range.getClientRects()];
    for (const box of boxes) {
      if (!box.width || !box.height) continue;
      const out = box.left < page.left + 40 * scale || box.right > page.right - 40 * scale
        || box.top < page.top + 20 * scale || box.bottom > page.bottom - 20 * scale
        || box.bottom > innerHeight || box.right > innerWidth;
      const hit = furniture.some((other) => box.left < other.right && other.left < box.right
        && box.top < other.bottom && other.top < box.bottom);
      if (out || hit) {
        const text = (element.alt || element.textContent).trim().slice(0, 40);
        found.push(`${out ? "outside" : "under the number or the arrows"}: ${text}`);
      }
    }
  }
  return [...new Set(found)];
}"""

# Sizes of all words of the present slide, {text: pixels}; formulas are as tall as words at least.
LETTER_SIZES = """() => {
  const sizes = {}, scale = Reveal.getScale();
  const walker = document.createTreeWalker(Reveal.getCurrentSlide(), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    const hidden = parent.closest("aside, style, mjx-container") || !parent.checkVisibility();
    if (text && !hidden) sizes[text] = parseFloat(getComputedStyle(parent).fontSize) * scale;
  }
  for (const formula of Reveal.getCurrentSlide().querySelectorAll(".page mjx-container")) {
    const size = parseFloat(getComputedStyle(formula).fontSize) * scale;
    if (!formula.closest("aside")) sizes[`formula ${Object.keys(sizes).length}`] = size;
  }
  return sizes;
}"""

# Words that an audience has to read: no title, notes, formulas or commands.
READ = """() => [...document.querySelectorAll(".slides > section")].map((slide) => {
  const copy = slide.cloneNode(true);
  copy.querySelectorAll("h2, aside, style, mjx-container, pre").forEach((each) => each.remove());
  return copy.textContent;
})"""


@pytest.fixture(scope="module")
def address(quick_book):
    """The deck as a file."""
    path = quick_book / "slides" / "index.html"
    assert path.exists(), "the book has no slides"
    return path.as_uri()


def opened(browser, address, size, asked=None):
    """The deck in a tab of a browser without a network; `asked` fills with what it asks for."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    tab = context.new_page()
    if asked is not None:
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("pageerror", lambda error: asked.append(f"script: {error}"))
        tab.on("requestfailed", lambda request: asked.append(f"failed: {request.url}"))
    tab.goto(address)
    tab.wait_for_function("() => window.Reveal?.isReady()")
    return tab


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def deck(request, browser, address):
    """The deck at one size."""
    tab = opened(browser, address, request.param)
    yield tab
    tab.context.close()


@pytest.fixture
def tab(browser, address):
    """The deck afresh, on its first slide."""
    tab = opened(browser, address, SIZES[0])
    yield tab
    tab.context.close()


def on_each_slide(tab, program):
    """What a program finds on each slide, with all of its fragments shown."""
    found = []
    for number in range(tab.evaluate("() => Reveal.getTotalSlides()")):
        tab.evaluate("number => Reveal.slide(number, 0, 99)", number)
        found.append(tab.evaluate(program))
    return found


def test_the_deck_opens_from_a_file_without_a_network(browser, address):
    asked = []
    tab = opened(browser, address, SIZES[0], asked)
    on_each_slide(tab, "() => null")
    assert asked and all(re.match("(file|data|blob):", what) for what in asked), asked
    assert 16 <= tab.evaluate("() => Reveal.getTotalSlides()") <= 20
    tab.context.close()


def test_nothing_sticks_out(deck):
    found = on_each_slide(deck, STICKS_OUT)
    assert not any(found), {n: what for n, what in enumerate(found, 1) if what}
    # The check itself: a line that is too long is found.
    deck.evaluate("""() => {
      const line = Object.assign(document.createElement("p"), { textContent: "x".repeat(200) });
      Reveal.getCurrentSlide().querySelector(".page").append(line);
    }""")
    assert deck.evaluate(STICKS_OUT)
    deck.evaluate("() => Reveal.getCurrentSlide().querySelector('.page > p:last-child').remove()")


def test_words_can_be_read_from_the_last_row(deck):
    scale = deck.evaluate("() => innerWidth") / SIZES[0][0]
    for number, sizes in enumerate(on_each_slide(deck, LETTER_SIZES), 1):
        small = {text: size for text, size in sizes.items() if size < SMALLEST * scale - 0.01}
        assert sizes and not small, (number, small)
    program = (
        "() => parseFloat(getComputedStyle(document.querySelector('.slide-number a')).fontSize)"
    )
    assert deck.evaluate(program) >= FURNITURE


def test_the_slides_are_readable_for_everyone(tab, axe):
    for number in range(tab.evaluate("() => Reveal.getTotalSlides()")):
        tab.evaluate("number => Reveal.slide(number, 0, 99)", number)
        tab.wait_for_timeout(300)  # a fragment fades in
        found = axe(tab, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])
        assert not found, "\n".join(found)


def test_figures_are_loaded_described_and_as_large_as_they_were_drawn(deck):
    """The notebook refuses a figure with letters of fewer points than LETTERS."""
    source = paths.notebook_source("slides").read_text(encoding="utf-8")
    assert f"LETTERS = {LETTERS}" in source and f'"figure.dpi": {DOTS}' in source
    program = """() => [...Reveal.getCurrentSlide().querySelectorAll("img")].map((image) => ({
      alt: image.alt, pixels: image.getBoundingClientRect().width, loaded: image.naturalWidth,
    }))"""
    images = [image for found in on_each_slide(deck, program) for image in found]
    scale = deck.evaluate("() => innerWidth") / SIZES[0][0]
    assert len(images) >= 10
    for image in images:
        assert image["loaded"] and len(image["alt"]) > 40, image
        inches = image["loaded"] / DOTS
        assert image["pixels"] / inches * LETTERS / 72 >= SMALLEST * scale, image["alt"]


def test_every_slide_has_a_title_of_its_own_notes_and_few_words(tab):
    each = """selector => [...document.querySelectorAll(".slides > section")].map((slide) =>
      [...slide.querySelectorAll(selector)].map((element) => element.textContent.trim()))"""
    titles, notes = tab.evaluate(each, "h2"), tab.evaluate(each, "aside.notes")
    assert all(len(own) == 1 and own[0] for own in titles)
    assert len({own[0] for own in titles}) == len(titles)
    for own, text in zip(titles, tab.evaluate(READ)):
        words = re.findall(r"[A-Za-z][\w'’-]*", text)
        assert len(words) <= WORDS, (own, len(words))
    ends = [0]
    for own, said in zip(titles, notes):
        begin, end = map(int, re.fullmatch(r"Minutes (\d+) to (\d+)\.", said[0]).groups())
        assert begin == ends[-1] < end and len(said) > 1 and len(said[1]) > 50, own
        ends.append(end)
    assert ends[-1] == MINUTES


def test_no_number_of_a_result_is_typed(tab):
    """They are glued: what stands in the notebook has no decimals and no per cent."""
    source = paths.notebook_source("slides").read_text(encoding="utf-8")
    cells = re.split(r"^# %%", source, flags=re.M)
    said = [c for c in cells if c.startswith(" [markdown]") and "notes" not in c.split("\n")[0]]
    assert len(said) > 15
    for cell in said:
        assert not re.search(r"\d[.,]\d|\d ?%", cell.split("\n", 1)[1]), cell
    assert "{glue:" not in tab.content() and "(glue:" not in tab.content()


def test_the_keyboard_leads_through_all_slides(tab):
    last = tab.evaluate("() => Reveal.getTotalSlides()") - 1
    shown = []
    for _ in range(100):
        shown.append(tab.evaluate("() => Reveal.getState().indexh"))
        if shown[-1] == last and not tab.evaluate("() => Reveal.availableFragments().next"):
            break
        tab.keyboard.press("ArrowRight")
    assert sorted(set(shown)) == list(range(last + 1)) and len(shown) > last + 1, "fragments wait"
    tab.wait_for_url(f"**#/slide-{last + 1}")  # a link to a slide has the number that it shows
    assert tab.locator(".slide-number").inner_text().split() == [f"{last + 1}", "/", f"{last + 1}"]
    tab.keyboard.press("Home")
    assert tab.evaluate("() => Reveal.getState().indexh") == 0
    tab.keyboard.press("Escape")
    assert tab.evaluate("() => Reveal.isOverview()")


def test_the_notes_open_in_a_window_of_their_own(tab):
    """They stay at the slide that is shown, and follow it."""
    tab.evaluate("() => Reveal.slide(1)")
    with tab.expect_popup() as popup:
        tab.keyboard.press("s")
    notes = popup.value.locator(".speaker-controls-notes .value")
    notes.get_by_text("logo aloud").wait_for(timeout=10_000)
    popup.value.frame_locator("iframe").first.locator("section.present h2").wait_for()
    assert tab.evaluate("() => Reveal.getState().indexh") == 1
    tab.keyboard.press("ArrowRight")
    notes.get_by_text("The trap:").wait_for(timeout=10_000)


def test_the_vote_does_not_show_the_answer(quick_book):
    """The colour behind motifs is in the picture of slide 5 and nowhere in that of slide 1."""

    def shaded(name):
        picture = matplotlib.image.imread(quick_book / "slides" / f"{name}.png")[..., :3]
        behind = 1 - 0.18 * (1 - np.array([0xE6, 0x9F, 0x00]) / 255)
        return (np.abs(picture - behind) < 0.01).all(axis=2).mean()

    assert shaded("slide_truth") > 0.05 and shaded("slide_vote") < 0.001


def test_the_pdf_has_a_page_for_each_slide(address, tab, script, quick_book, tmp_path):
    printed = tmp_path / "slides.pdf"
    print_page = script("scripts/book_pdf.py").print_page
    print_page(quick_book / "slides" / "index.html", printed, "?print-pdf")
    content = printed.read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert pages == tab.evaluate("() => Reveal.getTotalSlides()")
    boxes = {
        tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox\s*\[(.*?)\]", content)
    }
    for box in boxes:
        assert np.isclose(box[2] / box[3], 16 / 9, atol=0.01), box


def test_the_page_of_the_slides_lists_them(quick_book, tab):
    page = (quick_book / "book" / "slides.html").read_text(encoding="utf-8")
    listed = re.findall(
        r'<li><a href="../slides/index.html#/slide-(\d+)">(.*?)</a>, (\d+) min', page
    )
    titles = tab.locator(".slides h2").all_text_contents()
    assert [int(number) for number, *_ in listed] == list(range(1, len(titles) + 1))
    assert [title for _, title, _ in listed] == [title.strip() for title in titles]
    assert sum(int(minutes) for *_, minutes in listed) == MINUTES


def test_what_others_wrote_is_small_and_has_its_licence(repository):
    folder = repository / "book" / "static" / "reveal"
    assert "Permission is hereby granted" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 500_000
