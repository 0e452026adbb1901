// Figures to explore: choose a network in the list, or point at it in the figure.
// What to tell comes from the page itself, in <script class="explorer">.

// Letters in a box of 1 by 1, y downwards.
const GLYPHS = {
  A: "M0 1L.38 0H.62L1 1H.79L.71.76H.29L.21 1ZM.35.58H.65L.5.14Z",
  C: "M1 .3C.95.1.75 0 .52 0C.2 0 0 .2 0 .5C0 .8.2 1 .52 1C.75 1 .95.9 1 .7H.78C.74.8.66.85.52.85C.32.85.21.7.21.5C.21.3.32.15.52.15C.66.15.74.2.78.3Z",
  G: "M1 .3C.95.1.75 0 .52 0C.2 0 0 .2 0 .5C0 .8.2 1 .52 1C.8 1 1 .86 1 .62V.46H.55V.61H.79C.77.76.68.85.52.85C.32.85.21.7.21.5C.21.3.32.15.52.15C.66.15.74.2.78.3Z",
  T: "M0 0H1V.16H.61V1H.39V.16H0Z",
};
const LETTER = 10; // units of the drawing
const HEIGHT = 90;

function svg(tag, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

function html(tag, className, parent, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  parent?.append(element);
  return element;
}

// The logo of network `index`: letters as high as their score, upside down where it is negative.
function drawLogo(logo, index, name) {
  const heights = logo.heights[index];
  const top = Math.max(1, ...heights);
  const bottom = Math.min(0, ...heights);
  const unit = HEIGHT / (top - bottom);
  const width = LETTER * heights.length;
  const drawing = svg("svg", {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `Attribution logo of ${name}; motifs are shaded.`,
  });
  for (const [first, end] of logo.shaded) {
    svg("rect", {
      x: first * LETTER, width: (end - first) * LETTER, y: 0, height: HEIGHT,
      class: "explorer-motif",
    }, drawing);
  }
  heights.forEach((height, i) => {
    const base = logo.sequence[i];
    const place = `translate(${i * LETTER + 0.5} ${(top - height) * unit})`;
    const size = `scale(${LETTER - 1} ${height * unit})`;
    svg("path", { d: GLYPHS[base], fill: logo.colours[base], transform: place + size }, drawing);
  });
  svg("line", { x1: 0, x2: width, y1: top * unit, y2: top * unit, stroke: "currentColor" }, drawing);
  return drawing;
}

function explorable(data) {
  const figure = document.getElementById(data.figure);
  const image = figure?.querySelector("img");
  if (!image) return;

  const stage = html("div", "explorer-stage");
  image.replaceWith(stage);
  stage.append(image);
  const rings = data.panels.map(() => html("span", "explorer-ring", stage));

  const card = html("div", "explorer-card");
  stage.after(card);
  const chooser = html("label", "", card, "Network: ");
  const list = html("select", "", chooser);
  data.names.forEach((name, index) => list.add(new Option(name, index)));
  html("span", "explorer-hint", card, "or point at one in the figure");
  const facts = html("p", "", card);
  facts.setAttribute("aria-live", "polite");
  const logo = html("div", "explorer-logo", card);

  // Where a point is in the picture that the screen shows: the panels of a phone lie elsewhere.
  const phone = matchMedia("(max-width: 700px)");
  const [wide, narrow] = JSON.parse(image.dataset.panels || "[[], []]");
  function place(point) {
    if (!point || !phone.matches) return point;
    const inside = ([left, top, width, height]) =>
      point[0] >= left && point[0] <= left + width && point[1] >= top && point[1] <= top + height;
    const at = wide.findIndex(inside);
    if (at < 0) return point;
    return [0, 1].map((axis) => narrow[at][axis] +
      (point[axis] - wide[at][axis]) * narrow[at][axis + 2] / wide[at][axis + 2]);
  }

  function show(index) {
    list.value = index;
    rings.forEach((ring, panel) => {
      const point = place(data.panels[panel][index]);
      ring.hidden = !point;
      if (point) [ring.style.left, ring.style.top] = point.map((share) => `${100 * share}%`);
    });
    facts.textContent = Object.entries(data.facts)
      .map(([fact, values]) => `${fact} ${values[index]}`)
      .join(" · ");
    if (data.logo) logo.replaceChildren(drawLogo(data.logo, index, data.names[index]));
  }

  function nearest(event) {
    const box = image.getBoundingClientRect();
    const mine = (point) => Math.hypot(
      point[0] * box.width - (event.clientX - box.left),
      point[1] * box.height - (event.clientY - box.top)
    );
    const near = data.panels.flatMap((points) =>
      points.map(place).map((point, index) => ({ index, far: point ? mine(point) : Infinity }))
    ).sort((one, other) => one.far - other.far)[0];
    if (near.far < 24) show(near.index);
  }

  list.addEventListener("change", () => show(Number(list.value)));
  stage.addEventListener("pointermove", nearest);
  stage.addEventListener("pointerdown", nearest);
  phone.addEventListener("change", () => show(Number(list.value)));
  show(0);
}

document.addEventListener("DOMContentLoaded", () => {
  for (const script of document.querySelectorAll("script.explorer")) {
    explorable(JSON.parse(script.textContent));
  }
});
