// News of the board: each line once, in order; paused it waits, and the house never waits for it.
const room = document.querySelector("[data-live]");
const list = room.querySelector("[data-lines]");
const state = room.querySelector("[data-state]");
const pause = room.querySelector("[data-pause]");
const only = room.querySelector("[data-only]");
const told = room.querySelector("[data-skipped-note]");
const over = room.querySelector("[data-over-note]");
const chart = room.querySelector("[data-chart-room]");
const LINES_MAX = Number(room.dataset.max);
let position = Number(room.dataset.after);
let paused = false;
let waiting = [];
let missed = 0;

const parsed = (html) => new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html");
const said = (name, count) => state.dataset[name].replace("{count}", count.toLocaleString());

function stand(name) {
  const more = waiting.length ? ` · ${said("waiting", waiting.reduce((sum, one) => sum + one.count, 0))}` : "";
  state.className = `live-state ${name}`;
  const words = state.dataset[name] + more;
  if (state.textContent !== words) state.textContent = words;
}

function show(news) {
  const lines = [...parsed(news.lines).querySelectorAll("li.live-line")].filter((one) => !list.querySelector(`[data-seq="${one.dataset.seq}"]`));
  for (const line of lines) line.classList.add("new");
  list.prepend(...lines);
  room.querySelector("[data-empty]")?.remove();
  while (list.children.length > LINES_MAX && !list.lastElementChild.contains(document.activeElement)) list.lastElementChild.remove();
  missed = news.skipped ? missed + news.skipped : missed;
  told.hidden = !missed;
  if (missed) told.textContent = said("skipped", missed);
}

function beside(news) {
  const held = room.querySelector("[data-beside]");
  if (held.contains(document.activeElement)) return;
  held.replaceChildren(...new DOMParser().parseFromString(news.beside, "text/html").body.childNodes);
  const rows = room.querySelector("[data-counted]").tBodies[0];
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  rows.replaceChildren(...news.counted.map(([at, counts]) => {
    const row = document.createElement("tr");
    const head = document.createElement("td");
    head.dataset.x = at;
    head.textContent = clock.format(at * 1000);
    row.append(head, ...counts.map((count) => {
      const cell = document.createElement("td");
      cell.className = "number";
      cell.textContent = count;
      return cell;
    }));
    return row;
  }));
  room.querySelector("[data-chart]").dispatchEvent(new Event("counted"));
}

function listen() {
  const source = new EventSource(`${room.dataset.live}?after=${position}`);
  source.addEventListener("open", () => stand(paused ? "paused" : "on"));
  source.addEventListener("error", () => stand("off"));
  source.addEventListener("news", (event) => {
    const place = Number(event.lastEventId);
    if (place < position) return;
    position = place;
    const news = JSON.parse(event.data);
    if (paused) waiting.push(news);
    else { show(news); beside(news); }
    stand(paused ? "paused" : "on");
  });
  source.addEventListener("quiet", () => stand(paused ? "paused" : "on"));
  source.addEventListener("away", () => stand("away"));
  source.addEventListener("over", () => {
    source.close();
    stand("over");
    over.hidden = false;
    pause.hidden = true;
  });
}

pause.addEventListener("click", () => {
  paused = !paused;
  const label = pause.querySelector("span");
  [label.textContent, pause.dataset.resume] = [pause.dataset.resume, label.textContent];
  pause.setAttribute("aria-pressed", String(paused));
  const mark = pause.querySelector("use");
  mark.setAttribute("href", mark.getAttribute("href").replace(/#.*/, paused ? "#player-play" : "#player-pause"));
  if (!paused) {
    const kept = waiting.splice(0);
    for (const news of kept) show(news);
    if (kept.length) beside(kept.at(-1));
  }
  stand(paused ? "paused" : "on");
});
only.addEventListener("change", () => list.classList.toggle("only", only.checked));

// Countdowns go on between news; the words are the page's own, only the figures change.
setInterval(() => {
  for (const one of room.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Math.floor((Number(one.dataset.until) - Date.now()) / 1000));
    const clock = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60].map((part) => String(part).padStart(2, "0")).join(":");
    if (left < 86400) one.textContent = clock;
  }
}, 1000);

chart.addEventListener("toggle", () => {
  if (!chart.open || chart.dataset.loaded) return;
  chart.dataset.loaded = "yes";
  const script = document.createElement("script");
  script.src = chart.dataset.script;
  document.head.append(script);
});

pause.hidden = false;
only.closest("label").hidden = false;
listen();
