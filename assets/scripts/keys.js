// Single keys do what the button does that carries them; they can be turned off (WCAG 2.1.4), and never act in a field.
const OFF = "countermand.keys.off";
const typing = (at) => at.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
const shown = (key) => (key === "mod+k" ? "⌘K" : /^[A-Z]$/.test(key) ? `⇧${key}` : key);
const off = () => localStorage.getItem(OFF) === "yes";

export function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog) return;
  if (dialog.open) dialog.close();
  dialog.showModal();
  (dialog.querySelector("[data-first-field]") ?? dialog.querySelector("[data-first]"))?.focus();
}

export const keyed = () => [...document.querySelectorAll("[data-key]")];

function press(one) {
  if (one.dataset.focus) {
    one.checked = true;
    one.dispatchEvent(new Event("change", { bubbles: true }));
    document.getElementById(one.dataset.focus)?.focus();
  } else one.click();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener && document.getElementById(opener.dataset.opens)) {
    event.preventDefault();
    open(opener.dataset.opens);
  }
  const closer = event.target.closest("[data-closes]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog")?.close();
  }
});

function move(step) {
  const lines = [...document.querySelectorAll("[data-case]")];
  const at = lines.indexOf(document.activeElement);
  const from = at >= 0 ? at : lines.findIndex((one) => one.hasAttribute("aria-current"));
  lines[Math.min(lines.length - 1, Math.max(0, from + step))]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("palette"));
    return;
  }
  const dialog = document.querySelector("dialog[open]");
  if (dialog) {
    const sends = event.target.matches("textarea") ? event.metaKey || event.ctrlKey : event.target.matches("input[type=radio], input[type=checkbox], select");
    if (event.key === "Enter" && sends) {
      event.preventDefault();
      dialog.querySelector("[data-first]")?.click();
    }
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || off()) return;
  if (event.key === "Escape" && typing(event.target)) {
    event.target.blur();
    return;
  }
  if (typing(event.target)) return;
  if (event.key === "j" || event.key === "k") {
    move(event.key === "j" ? 1 : -1);
    event.preventDefault();
    return;
  }
  const found = keyed().find((one) => one.dataset.key === event.key);
  if (found) {
    event.preventDefault();
    press(found);
  }
});

function told() {
  const list = document.querySelector("[data-key-list]");
  if (!list) return;
  for (const one of keyed()) {
    const key = shown(one.dataset.key);
    const name = (one.dataset.name ?? one.closest("label")?.textContent ?? one.textContent).trim();
    if (one.dataset.key !== "mod+k") {
      const term = document.createElement("dt");
      const mark = document.createElement("kbd");
      mark.textContent = key;
      term.append(mark);
      const said = document.createElement("dd");
      said.textContent = name;
      list.append(term, said);
    }
    if (one.dataset.focus || one.dataset.key.length > 1 || one.closest(".bar")) continue;
    const hint = document.createElement("span");
    hint.className = "key-shown";
    hint.setAttribute("aria-hidden", "true");
    hint.textContent = key;
    one.append(hint);
  }
  const button = document.querySelector("[data-keys-switch]");
  const say = () => { button.textContent = off() ? button.dataset.off : button.dataset.on; };
  button?.addEventListener("click", () => {
    localStorage.setItem(OFF, off() ? "no" : "yes");
    say();
  });
  if (button) say();
}

told();
for (const dialog of document.querySelectorAll("dialog[open]")) open(dialog.id);
if (!document.querySelector("[data-case-open], dialog[open]")) document.querySelector("[data-case]")?.focus({ preventScroll: true });
const words = document.querySelector(".words");
if (words?.querySelector(".talk")) words.scrollTop = words.scrollHeight;
