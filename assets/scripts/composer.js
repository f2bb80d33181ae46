// What is written is kept as it is written, on the server; `/`, `??`, `@` and `#` bring what the desk knows.
import { fetched, written } from "./parts.js";

const form = document.getElementById("composer");
const KEPT_AFTER = 500;
const SEEN_EVERY = 20_000;

if (form) {
  const field = document.getElementById("write");
  const menu = document.getElementById("write-menu");
  const state = form.querySelector("[data-draft-state]");
  const chips = form.querySelector("[data-chips]");
  const books = [...form.querySelector("template[data-books]").content.children].map((one) => ({
    kind: one.dataset.kind, id: one.dataset.id, marks: (one.dataset.marks ?? "").split(" ").filter(Boolean), text: one.textContent,
  }));
  let kept = field.value;
  let waiting = null;
  let shown = [];
  let at = 0;

  async function keep() {
    clearTimeout(waiting);
    waiting = null;
    if (field.value === kept) return;
    const text = field.value;
    try {
      await written(form.dataset.draft, { text });
      kept = text;
      state.textContent = state.dataset.kept;
    } catch {
      state.textContent = state.dataset.unkept;
    }
  }

  async function seen() {
    const version = form.elements.version.value;
    const doing = field.value.trim() ? "writing" : "reading";
    try {
      document.getElementById("presence").innerHTML = await written(form.dataset.presence, { doing, version });
    } catch { /* the next time tells */ }
  }

  // What stands before the caret and asks for something: its sign and the word behind it.
  function asked() {
    const before = field.value.slice(0, field.selectionStart);
    const match = before.match(/(?:^|\s)(\/|\?\?|？？|@|#)([^\s/@#]*)$/);
    return match && { sign: match[1].replace("？？", "??"), word: match[2].toLowerCase(), from: before.length - match[1].length - match[2].length };
  }

  async function offered(wanted) {
    const kinds = { "/": ["phrase", "macro"], "@": ["person"], "#": ["case"] }[wanted.sign];
    if (kinds) return books.filter((one) => kinds.includes(one.kind) && `${one.id} ${one.text}`.toLowerCase().includes(wanted.word)).slice(0, 8);
    const page = new DOMParser().parseFromString(await fetched(`${location.pathname}/panel?tab=kb&q=${encodeURIComponent(wanted.word)}`), "text/html");
    return [...page.querySelectorAll("[data-insert]")].map((one) => ({ kind: "article", id: one.closest("article").querySelector("h3").textContent, text: one.dataset.insert, marks: [] }));
  }

  async function suggest() {
    const wanted = asked();
    if (!wanted) return hide();
    let found;
    try { found = await offered(wanted); } catch { found = []; }
    shown = found;
    at = 0;
    draw();
  }

  function draw() {
    menu.hidden = shown.length === 0;
    menu.replaceChildren(...shown.map((one, place) => {
      const line = document.createElement("li");
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", String(place === at));
      const name = document.createElement("strong");
      name.textContent = one.id;
      const text = document.createElement("small");
      text.textContent = one.kind === "person" || one.kind === "case" ? "" : one.text;
      line.append(name, text);
      line.addEventListener("mousedown", (event) => { event.preventDefault(); choose(place); });
      return line;
    }));
  }

  function hide() {
    shown = [];
    menu.hidden = true;
  }

  function put(text, from) {
    field.setRangeText(text, from, field.selectionStart, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    hide();
  }

  function choose(place) {
    const one = shown[place];
    const wanted = asked();
    if (!one || !wanted) return;
    if (one.kind === "person") return put(`@${one.id} `, wanted.from);
    if (one.kind === "case") return put(`#${one.id} `, wanted.from);
    if (one.kind === "article") return put(one.text, wanted.from);
    put("", wanted.from);
    chip(one);
  }

  function chip(one) {
    if (one.kind === "macro") for (const other of chips.querySelectorAll("[name=macro]")) other.closest(".chip").remove();
    const made = document.createElement("span");
    made.className = "chip";
    const hidden = document.createElement("input");
    Object.assign(hidden, { type: "hidden", name: one.kind, value: one.id });
    const text = document.createElement("span");
    text.className = "chip-text";
    text.textContent = one.text;
    made.append(hidden, text);
    for (const mark of one.marks) {
      const label = document.createElement("label");
      const value = document.createElement("input");
      Object.assign(value, { name: `value_${mark}`, maxLength: 500, required: true });
      label.append(`${mark} `, value);
      made.append(label);
    }
    const gone = document.createElement("button");
    Object.assign(gone, { type: "button", className: "choice", textContent: "×" });
    gone.dataset.unchip = "";
    made.append(gone);
    chips.append(made);
    (made.querySelector("label input") ?? field).focus();
  }

  document.addEventListener("click", (event) => {
    event.target.closest("[data-unchip]")?.closest(".chip").remove();
    const phrase = event.target.closest("[data-phrase]");
    const book = phrase && books.find((one) => one.kind === "phrase" && one.id === phrase.dataset.phrase);
    if (book) chip(book);
    const insert = event.target.closest("[data-insert]");
    if (insert) {
      field.setRangeText(insert.dataset.insert, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    }
  });
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, KEPT_AFTER);
    suggest();
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (!menu.hidden && !event.metaKey && !event.ctrlKey) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { at = (at + step + shown.length) % shown.length; draw(); event.preventDefault(); }
      if (event.key === "Enter" || event.key === "Tab") { choose(at); event.preventDefault(); }
      if (event.key === "Escape") { hide(); event.preventDefault(); event.stopPropagation(); }
    }
  });
  // Also from the value of a phrase: what is asked for there is part of what is sent.
  form.addEventListener("keydown", (event) => {
    if (event.isComposing || event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  field.addEventListener("blur", () => setTimeout(hide, 150));
  // Whatever else is done on the page, what was begun is kept first.
  document.addEventListener("submit", (event) => { if (event.target !== form) keep(); }, true);
  addEventListener("pagehide", () => { keep(); });
  setInterval(() => { if (!document.hidden) seen(); }, SEEN_EVERY);
}
