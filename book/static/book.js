// What is wider than its box scrolls inside it; the keyboard has to reach such a box.
// (The theme does this for code and for the outputs of cells.)
function makeScrollable() {
  const boxes = {
    "div.math mjx-container, span.math": "formula, scrolls sideways",
    "div.cell_output, .pst-scrollable-table-container": "table, scrolls sideways",
  };
  for (const [selector, label] of Object.entries(boxes)) {
    for (const box of document.querySelectorAll(selector)) {
      const inside = box.querySelector("mjx-container > svg");
      const width = inside ? inside.getBoundingClientRect().width : box.scrollWidth;
      if (width > box.clientWidth + 1) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", label);
      }
    }
  }
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  makeScrollable();
  window.addEventListener("resize", makeScrollable);
});

// Paper is white, whatever the theme on the screen.
let screenTheme;
window.addEventListener("beforeprint", () => {
  screenTheme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
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
