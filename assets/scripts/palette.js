// Everything by name: what the page can do, where one can go, and a search for what is none of it.
import { keyed } from "./keys.js";

const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("ul");
const SHOWN_MAX = 12;
let found = [];
let at = 0;

// What an act is called, without the key that stands beside it.
function called(one) {
  const copy = (one.closest("label") ?? one).cloneNode(true);
  for (const mark of copy.querySelectorAll(".key-shown")) mark.remove();
  return copy.textContent;
}

function commands() {
  const acts = keyed().filter((one) => !one.matches("[data-palette]"));
  const places = [...document.querySelectorAll("[data-command], [data-case]")];
  return [...new Set([...acts, ...places])].map((one) => ({
    name: (one.dataset.name ?? called(one)).replace(/\s+/g, " ").trim(),
    key: one.dataset.key,
    run: () => (one.dataset.focus ? (one.click(), document.getElementById(one.dataset.focus)?.focus()) : one.click()),
  }));
}

function shown() {
  const asked = input.value.trim().toLowerCase();
  found = commands().filter((one) => one.name.toLowerCase().includes(asked)).slice(0, SHOWN_MAX);
  if (asked && document.querySelector("form.find")) {
    const search = `${dialog.dataset.search} “${input.value.trim()}”`;
    found.push({ name: search, run: () => location.assign(`/desk/search?q=${encodeURIComponent(input.value.trim())}`) });
  }
  at = Math.min(at, Math.max(0, found.length - 1));
  list.replaceChildren(...found.map((one, place) => {
    const line = document.createElement("li");
    line.id = `palette-${place}`;
    line.setAttribute("role", "option");
    line.setAttribute("aria-selected", String(place === at));
    line.append(one.name);
    if (one.key) {
      const mark = document.createElement("kbd");
      mark.textContent = one.key;
      line.append(mark);
    }
    line.addEventListener("click", () => run(place));
    return line;
  }));
  input.setAttribute("aria-activedescendant", found.length ? `palette-${at}` : "");
}

function run(place) {
  const chosen = found[place];
  dialog.close();
  chosen?.run();
}

if (dialog) {
  document.addEventListener("palette", () => {
    input.value = "";
    at = 0;
    if (!dialog.open) dialog.showModal();
    shown();
    input.focus();
  });
  document.querySelector("[data-palette]")?.addEventListener("click", () => document.dispatchEvent(new CustomEvent("palette")));
  input.addEventListener("input", () => { at = 0; shown(); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      at = (at + step + found.length) % Math.max(1, found.length);
      shown();
      event.preventDefault();
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(at);
    }
  });
}
