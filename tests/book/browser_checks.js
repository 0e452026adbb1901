// What a reader would see go wrong on a page.  Each function lists problems in words.

const name = (element) => {
  const text = element.alt || element.textContent || "";
  return `<${element.localName}> ${text.trim().replace(/\s+/g, " ").slice(0, 60)}`;
};

// The content; the page for a wrong address has no article.
const content = document.querySelector("article") || document.querySelector("main");
const shown = (selector) =>
  [...content.querySelectorAll(selector)].filter(
    (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1
  );

// The part of an element that the boxes around it leave visible.
const visible = (element) => {
  let { left, top, right, bottom } = element.getBoundingClientRect();
  for (let box = element.parentElement; box && box !== content; box = box.parentElement) {
    if (getComputedStyle(box).overflowX !== "visible") {
      const frame = box.getBoundingClientRect();
      left = Math.max(left, frame.left);
      right = Math.min(right, frame.right);
      top = Math.max(top, frame.top);
      bottom = Math.min(bottom, frame.bottom);
    }
  }
  return { left, top, right, bottom };
};

function sticksOut() {
  const width = document.documentElement.clientWidth;
  const found = [];
  for (const box of [document.documentElement, document.querySelector("main")]) {
    if (box.scrollWidth > box.clientWidth + 1) {
      found.push(`<${box.localName}> scrolls sideways: ${box.scrollWidth} in ${box.clientWidth}`);
    }
  }
  for (const element of shown("*")) {
    const { left, right } = visible(element);
    if (right > left && (right > width + 1 || left < -1)) found.push(`outside: ${name(element)}`);
  }
  for (const box of shown("*")) {
    // Text for screen readers is hidden by cutting it off.
    if (box.closest("svg, mjx-assistive-mml, .visually-hidden, .sr-only")) continue;
    if (getComputedStyle(box).overflowX === "hidden" && box.scrollWidth > box.clientWidth + 1) {
      found.push(`cut off: ${name(box)}`);
    }
  }
  return found;
}

function badFigures() {
  const found = [];
  for (const image of content.querySelectorAll("img")) {
    if (!image.complete || !image.naturalWidth) found.push(`not loaded: ${image.src}`);
  }
  for (const image of shown("img")) {
    const whole = image.getBoundingClientRect();
    const part = visible(image);
    const lost = whole.width - (part.right - part.left) + whole.height - (part.bottom - part.top);
    if (lost > 2) found.push(`clipped: ${name(image)}`);
    if (whole.width < 40 || whole.height < 20) found.push(`too small: ${name(image)}`);
  }
  return found;
}

// Figures of chapters tell how large their smallest text is, as a share of the picture's width:
// that of the wide picture and that of a phone's.
function smallText() {
  const phone = matchMedia("(max-width: 700px)").matches;
  const found = [];
  for (const image of shown("img[src*='/screen-']")) {
    const shares = image.dataset.text.split(" ").map(Number);
    const pixels = image.getBoundingClientRect().width * shares[phone ? 1 : 0];
    if (!(pixels >= 10)) found.push(`text of ${pixels.toFixed(1)} px: ${name(image)}`);
  }
  return found;
}

function wrongPicture() {
  const phone = matchMedia("(max-width: 700px)").matches;
  const dark = document.documentElement.dataset.theme === "dark";
  const kind = (phone ? "narrow" : "") + (phone && dark ? "-" : "") + (dark ? "dark" : "");
  const found = [];
  for (const image of shown("figure img, .cell_output img")) {
    const picture = getComputedStyle(image).content;
    const chapter = location.pathname.includes("/notebooks/");
    if (chapter && !image.dataset.text) found.push(`one picture for all: ${name(image)}`);
    if (image.dataset.text && kind && !picture.endsWith(`-${kind}.png")`)) {
      found.push(`not ${kind}: ${picture}`);
    }
    if (image.closest("figure")?.querySelectorAll("img").length > 1) {
      found.push(`read aloud twice: ${name(image)}`);
    }
  }
  return found;
}

function overlaps() {
  const blocks = shown("img, table, pre, p, h1, h2, h3, h4, dt, .eqno, div.math mjx-container")
    .map((element) => ({ element, ...visible(element) }))
    .sort((one, other) => one.top - other.top);
  const found = [];
  blocks.forEach((one, index) => {
    for (const other of blocks.slice(index + 1)) {
      if (other.top > one.bottom - 3) break;
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - other.top;
      const nested = one.element.contains(other.element) || other.element.contains(one.element);
      if (wide > 3 && high > 3 && !nested) {
        found.push(`overlap: ${name(one.element)} and ${name(other.element)}`);
      }
    }
  });
  return found;
}

function rawMaths() {
  const found = [];
  for (const formula of content.querySelectorAll(".math")) {
    if (!formula.checkVisibility()) continue;
    const width = formula.querySelector("mjx-container svg")?.getBoundingClientRect().width;
    if (!(width > 2)) found.push(`no formula: ${name(formula)}`);
  }
  for (const error of content.querySelectorAll("mjx-merror, [data-mjx-error]")) {
    found.push(`error in a formula: ${name(error)}`);
  }
  const text = content.cloneNode(true);
  text.querySelectorAll("pre, code, script, mjx-container").forEach((element) => element.remove());
  const source = text.textContent.match(/\\[([]|\$\$|\\(frac|sum|log|text|mathrm)\b/);
  if (source) found.push(`source of a formula in the text: ${source[0]}`);
  return found;
}

// Code and tables, and the boxes around them, that are wider than they show.
const wide = () =>
  shown("pre, .cell_output, .cell_output > .output, .pst-scrollable-table-container").filter(
    (box) => box.scrollWidth > box.clientWidth + 1
  );

function clipped() {
  return wide().map((box) => `scrolls sideways: ${name(box)}`);
}

async function unmarked() {
  const found = [];
  const fades = (box) => getComputedStyle(box).maskImage !== "none";
  const scrolled = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  for (const box of wide().filter((each) => getComputedStyle(each).overflowX !== "visible")) {
    if (!fades(box)) found.push(`nothing says that it scrolls: ${name(box)}`);
    box.scrollLeft = box.scrollWidth;
    await scrolled();
    if (fades(box)) found.push(`looks cut off at its end: ${name(box)}`);
    box.scrollLeft = 0;
  }
  return found;
}
