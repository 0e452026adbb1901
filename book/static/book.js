// What is wider than its box scrolls inside it.  The keyboard has to reach such a box, and its right
// edge fades until its end is in view.
const SCROLLING = {
  "div.math mjx-container, span.math": "formula",
  "div.cell_output, div.cell_output > .output, .pst-scrollable-table-container": "table",
  "div.highlight pre": "code",
};

function makeScrollable(box, kind) {
  const formula = box.querySelector("mjx-container > svg");
  const width = formula ? formula.getBoundingClientRect().width : box.scrollWidth;
  if (width > box.clientWidth + 1) {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `${kind}, scrolls sideways`);
  }
  const left = width - box.clientWidth - box.scrollLeft;
  box.classList.toggle("more-to-the-right", box.clientWidth > 0 && left > 1);
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const found = Object.entries(SCROLLING).flatMap(([selector, kind]) =>
    [...document.querySelectorAll(selector)].map((box) => [box, kind])
  );
  const all = () => found.forEach(([box, kind]) => makeScrollable(box, kind));
  for (const [box, kind] of found) {
    box.addEventListener("scroll", () => makeScrollable(box, kind), { passive: true });
  }
  window.addEventListener("resize", all);
  document.addEventListener("toggle", all, true); // what was folded away had no width
  all();
});

// On a phone, where code needs scrolling in two directions, long cells begin folded, and questions.
document.addEventListener("DOMContentLoaded", () => {
  if (!matchMedia("(max-width: 767px)").matches) return;
  for (const check of document.querySelectorAll("details.check")) check.open = false;
  for (const input of document.querySelectorAll("div.cell > div.cell_input")) {
    const lines = input.querySelector("pre").textContent.trim().split("\n").length;
    if (lines <= 8) continue;
    const folded = document.createElement("details");
    folded.className = "admonition hide above-input";
    folded.innerHTML = `<summary><p class="admonition-title">Code, ${lines} lines</p></summary>`;
    input.replaceWith(folded);
    folded.append(input);
  }
});

// Paper is white, whatever the theme on the screen, and has no folds.
let screenTheme;
window.addEventListener("beforeprint", () => {
  screenTheme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  document.querySelectorAll("details:has(> .cell_input)").forEach((cell) => { cell.open = true; });
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = screenTheme;
});

// The arrows that unfold what stands below a chapter in the contents: say what they unfold.
document.addEventListener("DOMContentLoaded", () => {
  for (const arrow of document.querySelectorAll(".bd-sidenav details > summary")) {
    const chapter = arrow.closest("li").querySelector("a");
    arrow.setAttribute("aria-label", `Exercises of ${chapter.textContent.trim()}`);
  }
});

// The theme leaves the contents as far scrolled as on the page before, where the entry of this page
// may be out of view.
window.addEventListener("load", () => {
  const entry = [...document.querySelectorAll(".bd-sidenav .current > a")].at(-1);
  if (!entry) return;
  const { top, bottom } = entry.getBoundingClientRect();
  if (top >= 0 && bottom <= innerHeight) return;
  document.querySelector(".bd-sidebar-primary").scrollTop += top - innerHeight / 2;
});
