// A chart is drawn from the table it stands with: who cannot see it, or has no script, has the table.
import uPlot from "uplot";

const HEIGHT = 208;
const DASHES = [[], [6, 3], [2, 3], [10, 4], [4, 2]];
const drawn = new Map();
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const number = (cell) => (cell.textContent.trim() === "–" ? null : Number(cell.dataset.value ?? cell.textContent.replace(/[^\d.-]/g, "")));

function read(table) {
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const rows = [...table.tBodies[0].rows];
  const values = heads.map((_, place) => rows.map((row) => number(row.cells[place + 1])));
  return { heads, x: rows.map((row) => Number(row.cells[0].dataset.x)), values };
}

// Each series upon those before it, the last on top.
function stacked(values) {
  const sums = [];
  for (const one of values) sums.push(one.map((value, place) => (value ?? 0) + (sums.at(-1)?.[place] ?? 0)));
  return sums;
}

export function draw(figure) {
  const room = figure.querySelector("[data-drawing]");
  const { heads, x, values } = read(figure.querySelector("table"));
  if (!x.length) return;
  const piled = figure.dataset.chart === "stack";
  const shown = piled ? stacked(values).reverse() : values;
  const named = piled ? [...heads].reverse() : heads;
  const raw = piled ? [...values].reverse() : values;
  const old = drawn.get(figure);
  if (old) {
    old.raw = raw;
    old.plot.setData([x, ...shown]);
    return;
  }
  const kept = { raw };
  const grid = { stroke: token("rule"), width: 1 };
  const axis = { stroke: token("faint"), grid, ticks: grid, font: `12px ${token("text")}` };
  const series = named.map((head, place) => {
    const colour = token(head.dataset.colour);
    const fill = piled ? colour : undefined;
    const paths = piled ? uPlot.paths.bars({ size: [0.7, 18], align: 0 }) : undefined;
    const dash = piled ? undefined : DASHES[place % DASHES.length];
    return { label: head.textContent.trim(), stroke: colour, fill, dash, paths, width: piled ? 0 : 1.5, points: { show: false }, value: (_, __, ___, at) => (at === null ? "–" : String(kept.raw[place][at] ?? "–")) };
  });
  const time = (self, at) => (at === null ? "" : figure.querySelector("table").tBodies[0].rows[self.data[0].indexOf(at)]?.cells[0].textContent ?? "");
  const stamps = (_, splits) => splits.map((at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  const days = (_, splits) => splits.map((at) => new Date(at * 1000).toLocaleDateString([], { month: "2-digit", day: "2-digit" }));
  kept.plot = new uPlot({
    width: room.clientWidth, height: HEIGHT,
    scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [{ ...axis, values: figure.dataset.step === "day" ? days : stamps }, { ...axis, size: 44, incrs: figure.dataset.step === "day" ? undefined : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] }],
    series: [{ label: figure.querySelector("th").textContent.trim(), value: time }, ...series],
    legend: { live: true }, cursor: { drag: { x: false, y: false }, points: { show: false } },
  }, [x, ...shown], room);
  drawn.set(figure, kept);
  new ResizeObserver(() => kept.plot.setSize({ width: room.clientWidth, height: HEIGHT })).observe(room);
}

for (const figure of document.querySelectorAll("[data-chart]")) {
  draw(figure);
  figure.addEventListener("counted", () => draw(figure));
}
