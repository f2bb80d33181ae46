// A policy's text is checked a moment after the last key; without a script the page works by its buttons.
const PAUSE_MILLISECONDS = 600;
const AGAIN_MILLISECONDS = 2000;
const ABOVE_LINES = 5;
const form = document.getElementById("editor");
const rooms = [...form.querySelectorAll("[data-room]")];
const areas = rooms.map((room) => room.querySelector("textarea"));
const said = document.getElementById("look-said");
let typedIn = areas[0], timer = 0, asking = false, stale = false, dirty = false, at = -1;

// -- line numbers, with a mark where something was found --
function marks(file) {
  const found = new Map();
  for (const one of form.querySelectorAll(`[data-jump="${CSS.escape(file)}"]`)) {
    const line = Number(one.dataset.line);
    if (one.dataset.level !== "remark" && found.get(line) !== "finding") found.set(line, one.dataset.level);
  }
  return found;
}

function number(room) {
  const area = room.querySelector("textarea");
  let gutter = room.querySelector(".edit-gutter");
  if (!gutter) {
    gutter = document.createElement("div");
    gutter.className = "edit-gutter";
    gutter.setAttribute("aria-hidden", "true");
    room.prepend(gutter);
    area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  }
  const lines = area.value.split("\n").length, found = marks(room.dataset.room);
  const drawn = `${lines} ${[...found].join(" ")}`;
  if (gutter.dataset.drawn !== drawn) {
    gutter.dataset.drawn = drawn;
    gutter.replaceChildren(...Array.from({ length: lines }, (_, place) => {
      const one = document.createElement("span");
      one.textContent = place + 1;
      if (found.has(place + 1)) one.className = `edit-${found.get(place + 1)}`;
      return one;
    }));
  }
  gutter.scrollTop = area.scrollTop;
  const summary = room.closest("details").querySelector("summary");
  const count = [...form.querySelectorAll(`[data-jump="${CSS.escape(room.dataset.room)}"]`)].filter((one) => one.dataset.level !== "remark").length;
  const badge = summary.querySelector(".badge") ?? summary.appendChild(document.createElement("span"));
  badge.className = `badge ${[...found.values()].includes("finding") ? "stop" : "warn"}`;
  badge.textContent = count;
  badge.hidden = !count;
}

// -- the check --
function tell(text, cautious) {
  const shown = document.querySelector("#lab-look [data-said] span");
  if (cautious && shown) shown.textContent = text;
  if (said.textContent !== text) said.textContent = text;
}

function putIn(parsed) {
  for (const id of ["lab-look", "lab-changes", "lab-words"]) {
    const old = document.getElementById(id), now = parsed.getElementById(id);
    if (!old || !now) continue;
    const held = old.contains(document.activeElement) ? document.activeElement.dataset : null;
    const open = [...old.querySelectorAll("details")].map((one) => [one.querySelector("summary code")?.textContent, one.open]);
    old.replaceWith(now);
    for (const one of now.querySelectorAll("details")) {
      const was = open.find(([name]) => name === one.querySelector("summary code")?.textContent);
      if (was) one.open = was[1];
    }
    if (held?.jump) now.querySelector(`[data-jump="${CSS.escape(held.jump)}"][data-line="${held.line}"]`)?.focus();
    if (held?.word) now.querySelector(`[data-word="${CSS.escape(held.word)}"]`)?.focus();
  }
  enliven();
  tell(document.querySelector("#lab-look [data-said]")?.textContent.trim() ?? "");
}

async function check() {
  if (asking) { stale = true; return; }
  asking = true; stale = false;
  document.getElementById("lab-look")?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.dataset.check, {
      method: "POST", body: new FormData(form), credentials: "same-origin", redirect: "manual",
      headers: { "x-csrf-token": form.elements.csrf.value },
    });
    if (answer.status === 429 || answer.status === 503) { tell(form.dataset.late, true); soon(AGAIN_MILLISECONDS); }
    else if (answer.ok || answer.status === 400) putIn(new DOMParser().parseFromString(await answer.text(), "text/html"));
    else tell(form.dataset.away, true);
  } catch { tell(form.dataset.away, true); }
  document.getElementById("lab-look")?.removeAttribute("aria-busy");
  asking = false;
  if (stale) soon(0);
}

function soon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(check, milliseconds);
}

// -- jumps --
function jump(link) {
  const room = rooms.find((one) => one.dataset.room === link.dataset.jump);
  if (!room) return;
  const area = room.querySelector("textarea"), lines = area.value.split("\n");
  const line = Math.min(Number(link.dataset.line), lines.length);
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const column = [...lines[line - 1]].slice(0, Number(link.dataset.column) - 1).join("").length;
  room.closest("details").open = true;
  area.focus({ preventScroll: true });
  area.setSelectionRange(before + column, before + lines[line - 1].length);
  const height = Number.parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (line - ABOVE_LINES) * height);
  area.scrollLeft = 0;
  area.scrollIntoView({ block: "nearest" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-jump]");
  if (link) { event.preventDefault(); jump(link); }
  const word = event.target.closest("[data-word]");
  if (word) {
    typedIn.closest("details").open = true;
    typedIn.setRangeText(word.dataset.word, typedIn.selectionStart, typedIn.selectionEnd, "end");
    typedIn.focus();
    typedIn.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "F8") {
    const links = [...document.querySelectorAll("#lab-look [data-jump]")];
    if (!links.length) return;
    event.preventDefault();
    at = (at + (event.shiftKey ? links.length - 1 : 1)) % links.length;
    jump(links[at]);
  }
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.main"));
  }
});

// -- the words --
const filter = document.querySelector("[data-filter]");
function narrow() {
  const wanted = filter.value.trim().toLowerCase(), list = document.getElementById(filter.dataset.filter);
  let left = 0;
  for (const one of list.children) {
    one.hidden = Boolean(wanted) && !one.textContent.toLowerCase().includes(wanted);
    left += !one.hidden;
  }
  const told = document.querySelector("[data-filter-said]");
  const text = left ? "" : told.dataset.filterSaid;
  if (told.textContent !== text) told.textContent = text;
}
filter.addEventListener("input", narrow);
filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });

function enliven() {
  for (const one of document.querySelectorAll("#lab-words [data-word][hidden]")) {
    one.hidden = false;
    one.parentElement.querySelector(".look-plain").hidden = true;
  }
  at = -1;
  rooms.forEach(number);
  narrow();
}

for (const area of areas) {
  area.addEventListener("focus", () => { typedIn = area; });
  area.addEventListener("input", () => {
    dirty = true;
    number(area.parentElement);
    soon(PAUSE_MILLISECONDS);
  });
}
form.addEventListener("submit", () => { dirty = false; });
addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
for (const one of document.querySelectorAll("[data-filter-room], [data-keys-told]")) one.hidden = false;
enliven();
if (!document.querySelector("#lab-look[data-findings]")) soon(AGAIN_MILLISECONDS);
