// Files go bit by bit (tus 1.0.0): a cut connection costs the last bit only, and a reload goes on where it was.
const PIECE = 1024 * 1024;
const WAITS = [1, 2, 4, 8, 15, 15, 15, 15];
const TUS = { "Tus-Resumable": "1.0.0" };

const form = document.querySelector("form[data-begin]");
if (form) form.addEventListener("submit", send);

async function send(event) {
  const files = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
  if (!files.length) return; // the page says what is missing
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const done = [];
  for (const file of files) done.push(await sendOne(file));
  button.disabled = false;
  delete form.dataset.sent;
  button.removeAttribute("aria-disabled");
  if (done.every(Boolean)) location.assign("/case/evidence?sent=yes");
}

async function sendOne(file) {
  const shown = line(file);
  try {
    const place = await begin(file);
    await go(file, place, shown);
    remember(file, null);
    shown.say(form.dataset.saidDone);
    return true;
  } catch (error) {
    shown.say(error.told ?? form.dataset.saidFailed);
    return false;
  }
}

async function begin(file) {
  const known = remembered(file);
  if (known && (await fetch(known, { method: "HEAD", headers: TUS })).ok) return known;
  const told = {
    form: form.elements.form.value,
    kind: form.elements.kind.value,
    name: file.name,
    media_type: file.type || "application/octet-stream",
    bytes: file.size,
  };
  const answer = await fetch(form.dataset.begin, { method: "POST", body: new URLSearchParams(told) });
  if (answer.status === 401) location.assign("/case/open");
  if (!answer.ok) throw await refusal(answer);
  const { location: place } = await answer.json();
  remember(file, place);
  return place;
}

async function go(file, place, shown) {
  let offset = await offsetOf(place);
  let failed = 0;
  while (offset < file.size) {
    shown.say(form.dataset.saidSending, offset);
    try {
      const headers = { ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": offset };
      const answer = await fetch(place, { method: "PATCH", headers, body: file.slice(offset, offset + PIECE) });
      if (!answer.ok && answer.status < 500 && answer.status !== 409) throw Object.assign(await refusal(answer), { final: true });
      offset = answer.ok ? Number(answer.headers.get("upload-offset")) : await offsetOf(place);
      failed = 0;
    } catch (error) {
      if (error.final || failed === WAITS.length) throw error;
      shown.say(form.dataset.saidWaiting, offset);
      await new Promise((wake) => setTimeout(wake, WAITS[failed++] * 1000));
      offset = await offsetOf(place).catch(() => offset);
    }
  }
}

async function offsetOf(place) {
  const answer = await fetch(place, { method: "HEAD", headers: TUS });
  if (!answer.ok) throw new Error("gone");
  return Number(answer.headers.get("upload-offset"));
}

async function refusal(answer) {
  const told = await answer.json().catch(() => ({}));
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  return Object.assign(new Error("refused"), { told: told.text?.[language] });
}

function line(file) {
  const row = document.createElement("li");
  const name = document.createElement("span");
  const bar = document.createElement("progress");
  const words = document.createElement("span");
  name.className = "name";
  name.textContent = file.name;
  bar.max = file.size;
  bar.setAttribute("aria-label", file.name);
  words.className = "small soft";
  row.append(name, bar, words);
  form.querySelector(".progress").append(row);
  return {
    say(text, offset = file.size) {
      bar.value = offset;
      words.textContent = text;
    },
  };
}

// Nothing is remembered on a device that others use too.
function key(file) {
  return `upload ${file.name} ${file.size} ${file.lastModified}`;
}
function remembered(file) {
  return form.dataset.shared ? null : sessionStorage.getItem(key(file));
}
function remember(file, place) {
  if (form.dataset.shared) return;
  if (place) sessionStorage.setItem(key(file), place);
  else sessionStorage.removeItem(key(file));
}
