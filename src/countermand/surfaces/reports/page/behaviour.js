"use strict";
(() => {
  const root = document.documentElement;
  const kept = {
    get(name) { try { return localStorage.getItem("countermand." + name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem("countermand." + name, value); } catch { /* a file may not keep */ } },
  };

  const press = (kind, value) => {
    for (const button of document.querySelectorAll(`button[data-${kind}]`)) {
      button.setAttribute("aria-pressed", String(button.dataset[kind] === value));
    }
  };
  const speak = (language) => {
    root.lang = language;
    document.title = document.body.dataset[language === "en" ? "titleEn" : "titleZh"];
    press("language", language);
    kept.set("language", language);
  };
  const paint = (theme) => {
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    press("theme", theme);
    kept.set("theme", theme);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.language) speak(button.dataset.language);
    if (button.dataset.theme) paint(button.dataset.theme);
    if (button.closest("th")) sort(button.closest("th"));
  });

  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
  };
  const sort = (head) => {
    const table = head.closest("table");
    const column = head.cellIndex;
    const rows = [...table.tBodies[0].rows];
    const numbers = rows.some((row) => row.cells[column].dataset.value !== undefined);
    const now = head.getAttribute("aria-sort");
    const way = now === "none" ? (numbers ? "descending" : "ascending") : now === "descending" ? "ascending" : "descending";
    for (const other of table.tHead.rows[0].cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", way);
    const sign = way === "ascending" ? 1 : -1;
    const compare = (one, other) => {
      if (typeof one === "string") return one.localeCompare(other) * sign;
      if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) - Number.isNaN(other);
      return (one - other) * sign;
    };
    rows.map((row) => [key(row, column), row]).sort((one, other) => compare(one[0], other[0]))
      .forEach(([, row]) => table.tBodies[0].append(row));
  };

  const tip = document.getElementById("tip");
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest("[data-en]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = root.lang === "en" ? mark.dataset.en : mark.dataset.zh;
    const room = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, innerWidth - room.width - 8);
    const top = event.clientY + 18 + room.height > innerHeight ? event.clientY - room.height - 12 : event.clientY + 18;
    tip.style.setProperty("--left", Math.max(8, left) + "px");
    tip.style.setProperty("--top", top + "px");
  });

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of opened) one.open = false; });

  const wanted = kept.get("language");
  speak(wanted === "en" || wanted === "zh-CN" ? wanted : navigator.language.startsWith("zh") ? "zh-CN" : "en");
  const theme = kept.get("theme");
  paint(theme === "light" || theme === "dark" ? theme : "auto");
  root.classList.add("ready");
})();
