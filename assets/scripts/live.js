// A conversation that lives: told when the case changes, the page fetches itself and puts in what is new.
// Nothing of it is needed: without a script the form is a form, and a reload shows the answer.
const live = document.querySelector("[data-live]");
if (live) follow(live);

function follow(root) {
  let stream = new EventSource(root.dataset.live);
  stream.addEventListener("changed", () => refresh().catch(() => {}));
  stream.addEventListener("over", () => {
    stream.close();
    // Where others use the device too, what was said does not stay on its screen.
    if (root.dataset.shared) location.replace("/case/open");
  });
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-live-form]");
    if (!form || event.defaultPrevented) return;
    event.preventDefault();
    say(form);
  });
}

async function refresh() {
  const answer = await fetch(location.pathname + location.search, { credentials: "same-origin" });
  if (answer.ok && !answer.redirected) put(await parsed(answer));
}

async function say(form) {
  const told = form.querySelector("[data-told]");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (answer.status === 401) return form.submit(); // the page that asks for number and code keeps what was typed
    const page = await parsed(answer);
    const fresh = page.querySelector("[data-live-form]");
    if (!fresh) return form.submit();
    put(page);
    const written = form.elements.text;
    const typedMeanwhile = answer.ok ? "" : written.value;
    form.replaceWith(fresh);
    if (typedMeanwhile) fresh.elements.text.value = typedMeanwhile;
    (fresh.querySelector("[role=alert]") ?? fresh.elements.text).focus();
  } catch {
    told.textContent = form.dataset.saidFailed;
  } finally {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
}

const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

// Lines that are new are added, so that a screen reader says them and nothing else; the rest is put in place.
function put(page) {
  for (const old of document.querySelectorAll("[data-live-part]")) {
    const fresh = page.getElementById(old.id);
    if (!fresh) continue;
    if (old.dataset.livePart !== "lines") {
      old.innerHTML = fresh.innerHTML;
      continue;
    }
    const there = new Map([...old.children].map((line) => [line.dataset.line, line]));
    const kept = new Set();
    for (const line of [...fresh.children]) {
      kept.add(line.dataset.line);
      if (!there.has(line.dataset.line)) old.append(line);
    }
    for (const [name, line] of there) if (!kept.has(name)) line.remove();
    old.lastElementChild?.scrollIntoView({ block: "nearest" });
  }
}
