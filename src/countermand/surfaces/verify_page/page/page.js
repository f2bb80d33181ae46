// The page itself: two files in, every check in words out. Nothing leaves it: there is no network to leave by.
"use strict";

const WORDS = JSON.parse(document.getElementById("words").textContent);
const given = { receipt: null, policy: null, own: [], code: "" };
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let findings = null;
let asked = 0;

const part = (id) => document.getElementById(id);
const say = (pair) => pair[language] || "";

function made(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function filled(text, values) {
  return text.replace(/\{([a-z]+)\}/g, (_, name) => (values[name] === undefined ? "-" : `${values[name]}`).slice(0, 500));
}

function said(one) {
  const words = WORDS.checks[one.code];
  const good = one.mark === PASSED || one.mark === REMARK;
  const text = filled(say(good ? words.passed : words.failed), one.values);
  const why = WORDS.reasons[one.values.why];
  return why ? `${text} (${say(why)})` : text;
}

function line(one) {
  const words = WORDS.checks[one.code];
  const row = made("li", `check ${one.mark}`);
  const mark = made("span", "mark", WORDS.marks[one.mark]);
  mark.setAttribute("aria-hidden", "true");
  const body = made("div", "body");
  const state = made("span", "state", `${say(WORDS.page[one.mark])} `);
  const text = made("p", "text");
  text.append(state, said(one));
  body.append(text);
  if (one.about) body.append(made("p", "about", one.about));
  const command = filled(words.command, one.values);
  body.append(made("p", "standard", words.standard));
  if (command) body.append(made("code", "command", command));
  row.append(mark, body);
  return row;
}

function valueOf(shown) {
  if (shown.value !== undefined) return typeof shown.value === "string" ? shown.value : JSON.stringify(shown.value);
  if (shown.bytes === undefined) return say(WORDS.page.elsewhere);
  try {
    return textOf(decoded(shown.bytes, "-"), "-").slice(0, 2000);
  } catch {
    return `${shown.bytes.length} B`;
  }
}

function entryShown(item) {
  const says = JSON.parse(textOf(item.entry, "-"));
  const box = made("section", "entry");
  box.append(made("h3", "", `${says.type} · ${says.ts}`));
  const list = made("dl");
  const rows = [["facts", JSON.stringify(says.facts)]];
  for (const [name, one] of Object.entries(item.openings)) rows.push([name, valueOf(one.shown)]);
  for (const [name, value] of rows) list.append(made("dt", "", name), made("dd", "", value));
  box.append(list);
  return box;
}

function show() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = say(WORDS.page.title);
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = say(WORDS.page[element.dataset.word]);
  }
  for (const name of ["receipt", "policy", "own"]) {
    const held = name === "own" ? given.own.length : given[name];
    part(`${name}-held`).textContent = held ? `✓ ${part(`${name}-held`).dataset.names || ""}` : "";
  }
  const answer = part("answer");
  const checks = part("checks");
  const proved = part("proved");
  checks.replaceChildren();
  proved.replaceChildren();
  part("found").hidden = findings === null;
  answer.className = findings === null ? "" : findings.verdict;
  answer.textContent = findings === null ? "" : say(WORDS.verdicts[findings.verdict]);
  if (findings === null) return;
  checks.append(...findings.checks.map(line));
  proved.append(...findings.items.map(entryShown));
  part("proved-title").hidden = findings.items.length === 0;
}

async function check_now() {
  const turn = ++asked;
  findings = null;
  part("wrong").textContent = "";
  if (given.receipt && given.policy) {
    try {
      const found = await verifyReceipt(given.receipt, given.policy, given.own, given.code);
      if (turn === asked) findings = found;
    } catch (error) {
      const words = error instanceof Refusal ? WORDS.reasons[error.code] : WORDS.page.unsupported;
      part("wrong").textContent = `${say(words || WORDS.page.unsupported)} (${error.code || error.message})`;
    }
  }
  if (turn === asked) show();
}

async function take(name, files) {
  const held = await Promise.all(Array.from(files, async (file) => new Uint8Array(await file.arrayBuffer())));
  part(`${name}-held`).dataset.names = Array.from(files, (file) => file.name).join(", ");
  given[name] = name === "own" ? held : held[0] || null;
  await check_now();
}

for (const name of ["receipt", "policy", "own"]) {
  const input = part(name);
  input.addEventListener("change", () => take(name, input.files));
  const zone = input.closest(".zone");
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    take(name, event.dataTransfer.files);
  });
}
part("code").addEventListener("input", (event) => {
  given.code = event.target.value;
  check_now();
});
part("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  show();
});
show();
