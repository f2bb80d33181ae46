// The story moves on by itself: parts that have changed are put in place, and whoever holds a button keeps it.
const EVERY_MS = 1000;
const STAGE = "/demo";
let busy = false;

// Whoever only watches is taken along; whoever scrolls or points somewhere else is left there for a while.
const LEFT_ALONE_MS = 8000;
let touched = -LEFT_ALONE_MS;
for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(kind, () => { touched = performance.now(); }, { passive: true });
let followed = "";
function follow(said) {
  const words = said?.textContent ?? "";
  if (!words || words === followed) return;
  followed = words;
  const lines = document.querySelectorAll(".act.now .told li");
  if (lines.length && performance.now() - touched > LEFT_ALONE_MS) lines[lines.length - 1].scrollIntoView({ block: "center" });
}

function put(text) {
  const next = new DOMParser().parseFromString(text, "text/html");
  const held = document.activeElement?.id;
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = next.getElementById(part.id);
    // What a finger is on stays: replaced between press and release, it would not be pressed at all.
    if (fresh && fresh.innerHTML !== part.innerHTML && !part.querySelector(":active")) part.innerHTML = fresh.innerHTML;
    if (fresh && fresh.className !== part.className) part.className = fresh.className;
    if (fresh?.hasAttribute("aria-current")) part.setAttribute("aria-current", "step");
    else part.removeAttribute("aria-current");
  }
  const said = document.getElementById("said-now");
  const words = next.getElementById("said-now")?.textContent ?? "";
  if (said && said.textContent !== words) said.textContent = words;
  follow(said);
  if (held && document.activeElement?.id !== held) {
    const where = document.getElementById(held) ?? document.querySelector("#control .button");
    where?.focus({ preventScroll: true });
  }
}

async function look(address = STAGE, options = {}) {
  const answer = await fetch(address, { credentials: "same-origin", ...options });
  if (answer.ok) put(await answer.text());
  return answer;
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-direct]");
  if (!form) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  look(form.getAttribute("action"), { method: "POST", body })
    .then((answer) => { if (answer.url.includes("said=moved")) location.assign(answer.url); })
    .catch(() => form.submit());
});

setInterval(() => {
  if (busy || document.hidden) return;
  busy = true;
  look().catch(() => {}).finally(() => { busy = false; });
}, EVERY_MS);
