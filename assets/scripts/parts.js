// Parts of a page are fetched and put in place: the rail as it changes, a tab of the panel, a dialog that opens.
const RAIL_SECONDS = 20;

export const csrf = () => document.querySelector("meta[name=csrf]")?.content ?? "";

export async function fetched(address, options = {}) {
  const answer = await fetch(address, { credentials: "same-origin", redirect: "manual", ...options });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.status === 204 ? "" : answer.text();
}

export function written(address, fields) {
  const body = new URLSearchParams(fields);
  return fetched(address, { method: "POST", body, headers: { "x-csrf-token": csrf() }, keepalive: true });
}

async function replace(id, address) {
  const text = await fetched(address);
  const old = document.getElementById(id);
  if (!old) return;
  const parsed = new DOMParser().parseFromString(text, "text/html").getElementById(id);
  if (!parsed) return;
  const held = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const scrolled = old.scrollTop;
  old.replaceWith(parsed);
  parsed.scrollTop = scrolled;
  if (held) parsed.querySelector(`[href="${CSS.escape(held)}"]`)?.focus();
  enlivened(parsed);
}

// What only a script can do stays hidden until there is one.
export function enlivened(root) {
  for (const one of root.querySelectorAll("[data-insert][hidden], [data-phrase][hidden], [data-print][hidden], [data-palette][hidden], [data-opens][hidden]")) one.hidden = false;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
  const link = event.target.closest("[data-part]");
  if (link && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    replace(link.dataset.into, link.dataset.part).catch(() => location.assign(link.href));
  }
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-part-form]");
  if (!form) return;
  event.preventDefault();
  delete form.dataset.sent;
  replace(form.dataset.into, `${form.dataset.partForm}?${new URLSearchParams(new FormData(form))}`).catch(() => form.submit());
}, true);
setInterval(() => {
  const rail = document.getElementById("rail");
  const queues = rail?.querySelector("details");
  if (!rail || document.hidden || queues?.contains(document.activeElement)) return;
  const open = queues?.open;
  replace("rail", rail.dataset.rail)
    .then(() => { const now = document.querySelector("#rail details"); if (now && open !== undefined) now.open = open; })
    .catch(() => {});
}, RAIL_SECONDS * 1000);

// A part that says so renews itself, while it is looked at and nobody is within it.
for (const one of document.querySelectorAll("[data-fresh]")) {
  const id = one.id;
  const again = setInterval(() => {
    const part = document.getElementById(id);
    if (!part?.dataset.fresh) return clearInterval(again);
    if (document.hidden || part.contains(document.activeElement)) return;
    replace(id, part.dataset.fresh).catch(() => {});
  }, Number(one.dataset.seconds) * 1000);
}
enlivened(document);
