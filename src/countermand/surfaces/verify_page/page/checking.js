// The checks, as `transparency/verify.py` makes them; what this page cannot check it says.
"use strict";

const [PASSED, REMARK, MISSING, FAILED] = ["passed", "remark", "missing", "failed"];
const OLD_SECONDS = 30 * 86400;

const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const nodeHash = (left, right) => sha256(joined([new Uint8Array([1]), left, right]));

async function hmac(salt, data) {
  const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return hexOf(new Uint8Array(await crypto.subtle.sign("HMAC", key, data)));
}

async function signedBy(raw, signature, message) {
  const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
}

// RFC 9162 section 2.1.3.2.
async function rootByInclusion(leaf, index, size, path) {
  if (index >= size) return null;
  let [number, last, found] = [index, size - 1n, leaf];
  for (const step of path) {
    if (last === 0n) return null;
    if (number & 1n || number === last) {
      found = await nodeHash(step, found);
      while (!(number & 1n) && number) [number, last] = [number >> 1n, last >> 1n];
    } else {
      found = await nodeHash(found, step);
    }
    [number, last] = [number >> 1n, last >> 1n];
  }
  return last === 0n ? found : null;
}

const secondsOf = (data) => Number(new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0));

// Whether a key made a signature line: true, false, or null where this page cannot tell (post-quantum).
async function verifies(key, text, data) {
  if (key.kind === 6) return null;
  if (key.kind === 1) return data.length === 64 && signedBy(key.raw, data, bytesOf(text));
  if (data.length !== 72) return false;
  const message = bytesOf(`cosignature/v1\ntime ${secondsOf(data)}\n${text}`);
  return signedBy(key.raw, data.subarray(8), message);
}

async function judged(note, point, policy) {
  const logs = policy.logs.filter((key) => key.name === point.origin);
  if (!logs.length) throw new Refusal("log_unknown");
  const known = [...logs, ...policy.witnesses.values()];
  const signed = new Map();
  const times = [];
  for (const line of note.signatures) {
    const key = known.find((one) => one.name === line.name && one.id === line.id);
    if (!key) continue;
    const good = await verifies(key, note.text, line.data);
    if (good === false) throw new Refusal("signature_wrong");
    if (good && key.kind === 4) times.push(secondsOf(line.data));
    signed.set(key, signed.get(key) || good);
  }
  const byLog = logs.filter((key) => signed.has(key));
  if (!byLog.length) throw new Refusal("nobody_known");
  const who = [...policy.witnesses].filter(([, key]) => signed.get(key)).map(([name]) => name);
  const met = (name) => {
    if (name === "none") return true;
    const group = policy.groups.get(name);
    return group ? group.members.filter(met).length >= group.count : who.includes(name);
  };
  return {
    classic: byLog.some((key) => signed.get(key) === true),
    later: byLog.some((key) => key.kind === 6),
    who,
    met: met(policy.quorum),
    times,
  };
}

const check = (code, mark, about, values) => ({ code, mark, about: about || "", values: values || {} });
const refused = (code, error, about) => check(code, FAILED, about || error.about, { why: error.code });

function parsedEntry(data) {
  const says = parsedJson(data, "entry");
  const texts = ["id", "type", "ts", "tenant"];
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  if (!isObject(says) || says.v !== 1 || !texts.every((name) => typeof says[name] === "string")) {
    throw new Refusal("entry");
  }
  const commit = says.commit === undefined ? {} : says.commit;
  const isHash = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
  if (!isObject(says.facts) || !isObject(commit) || !Object.values(commit).every(isHash)) throw new Refusal("entry");
  return { says, commit };
}

async function itemChecks(item, about, policy, now, own, checks) {
  let entry;
  try {
    entry = parsedEntry(item.entry);
  } catch {
    checks.push(check("entry", FAILED, about));
    return null;
  }
  checks.push(check("entry", PASSED, about, { type: entry.says.type, ts: entry.says.ts }));
  entry.leaf = await sha256(joined([new Uint8Array([0]), item.entry]));
  let vouched, point, root;
  try {
    point = parsedCheckpoint(item.proof.note.text);
    root = await rootByInclusion(entry.leaf, item.proof.index, point.size, item.proof.path);
    vouched = await judged(item.proof.note, point, policy);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    checks.push(refused("signature", error, about));
    return null;
  }
  const where = { index: `${item.proof.index}`, size: `${point.size}`, origin: point.origin };
  checks.push(check("inclusion", root && same(root, point.root) ? PASSED : FAILED, about, where));
  if (vouched.classic) checks.push(check("signature", PASSED, about, where));
  else checks.push(check("post_quantum_alone", MISSING, about, where));
  if (vouched.later) checks.push(check("post_quantum_unchecked", REMARK, about, where));
  const who = { witnesses: vouched.who.join(", ") || "-" };
  checks.push(check("quorum", vouched.met ? PASSED : MISSING, about, who));
  timeChecks(entry, vouched.times, about, now, checks);
  for (const [name, opened] of Object.entries(item.openings)) {
    checks.push(await openingCheck(entry, name, opened, `${about} ${name}`, own));
  }
  entry.origin = point.origin;
  entry.mark = `${point.origin}|${item.proof.index}|${hexOf(entry.leaf)}`;
  return entry;
}

function timeChecks(entry, times, about, now, checks) {
  const ts = entry.says.ts;
  if (!times.length) {
    checks.push(check("time_unsaid", REMARK, about, { ts }));
    return;
  }
  const first = Math.min(...times);
  const at = new Date(first * 1000).toISOString();
  checks.push(check("time", PASSED, about, { ts, at }));
  const late = new Date((first + 600) * 1000).toISOString();
  if (ts > late) checks.push(check("time_later_than_witnessed", REMARK, about, { ts, at }));
  const days = Math.floor((now - first) / 86400);
  if (now - first > OLD_SECONDS) checks.push(check("checkpoint_old", REMARK, about, { ts, at, days: `${days}` }));
}

async function openingCheck(entry, name, opened, where, own) {
  const commitment = Object.hasOwn(entry.commit, name) ? entry.commit[name] : null;
  if (commitment === null) return check("opening", FAILED, where, { why: "opening_of_nothing" });
  const values = { commitment, salt: opened.salt };
  const salt = unhex(opened.salt);
  if (opened.data === null) {
    for (const file of own) {
      if ((await hmac(salt, file)) === commitment) return check("opening", PASSED, where, values);
    }
    return check("opening_elsewhere", REMARK, where, values);
  }
  return check("opening", (await hmac(salt, opened.data)) === commitment ? PASSED : FAILED, where, values);
}

function parsedOpenings(data) {
  const bad = () => {
    throw new Refusal("openings_malformed", "", "openings.json");
  };
  const told = parsedJson(data, "openings_malformed");
  if (!told || told.v !== 1 || Object.keys(told).length !== 2 || typeof told.openings !== "object") bad();
  const found = {};
  for (const [file, named] of Object.entries(told.openings || {})) {
    found[file] = {};
    for (const [name, one] of Object.entries(named)) {
      const names = Object.keys(one).filter((key) => key !== "salt");
      if (!/^[0-9a-f]{64}$/.test(one.salt) || names.length > 1) bad();
      let plain = null;
      if (names[0] === "value") plain = bytesOf(canonical(one.value));
      else if (names[0] === "bytes") plain = decoded(one.bytes, "openings_malformed");
      else if (names.length) bad();
      found[file][name] = { salt: one.salt, data: plain, shown: one };
    }
  }
  return found;
}

function itemsOf(files) {
  for (const name of ["entry.json", "receipt.tlog-proof", "openings.json"]) {
    if (!files.has(name)) throw new Refusal("archive_lacks", name, name);
  }
  const openings = parsedOpenings(files.get("openings.json"));
  const item = (name, proof, index) => {
    if (!files.has(proof)) throw new Refusal("archive_lacks", proof, name);
    const parsed = parsedProof(files.get(proof));
    if (index !== null && parsed.index !== index) throw new Refusal("archive_name_wrong", name, name);
    const shown = openings[name] || {};
    delete openings[name];
    return { name, entry: files.get(name), proof: parsed, openings: shown };
  };
  const items = [item("entry.json", "receipt.tlog-proof", null)];
  for (const name of files.keys()) {
    const more = MORE_ENTRY.exec(name);
    const lone = MORE_PROOF.exec(name);
    if (more) items.push(item(name, `proofs/${more[1]}.tlog-proof`, BigInt(more[2])));
    else if (lone && !files.has(`entries/${lone[1]}.json`)) throw new Refusal("archive_lacks", name, name);
  }
  if (Object.keys(openings).length) throw new Refusal("openings_malformed", "", "openings.json");
  return items;
}

function caseChecks(entries, checks) {
  const links = new Map();
  for (const { about, item, entry } of entries) {
    const { seq, prev } = entry.says;
    if (entry.says.case === undefined) continue;
    const good = typeof entry.says.case === "string" && Number.isInteger(seq) && seq > 0 && /^([0-9a-f]{2})*$/.test(prev);
    if (!good || links.has(seq)) {
      checks.push(check("chain", FAILED, about, { seq: `${seq}` }));
      return;
    }
    links.set(seq, { about, item, entry });
  }
  const cases = new Set(entries.map(({ entry }) => entry.says.case));
  if (entries.length > 1 && (links.size !== entries.length || cases.size !== 1)) {
    checks.push(check("one_case", FAILED));
    return;
  }
  for (const [seq, one] of [...links].sort(([left], [right]) => left - right)) {
    const before = links.get(seq - 1);
    if (!before) continue;
    // Each shard of a log counts from nought: places are compared where they are of the same one.
    const sameLog = before.entry.origin === one.entry.origin;
    const inOrder = !sameLog || before.item.proof.index < one.item.proof.index;
    const fits = hexOf(before.entry.leaf) === one.entry.says.prev && inOrder;
    checks.push(check("chain", fits ? PASSED : FAILED, one.about, { seq: `${seq}` }));
  }
}

// The whole question: bytes of a receipt and of a policy, files of one's own, what a QR code said.
async function verifyReceipt(data, policyData, own = [], code = "", now = Date.now() / 1000) {
  const checks = [];
  const entries = [];
  const policy = await parsedPolicy(policyData);
  let items;
  try {
    const files = await unzipped(data);
    items = itemsOf(files);
    checks.push(check("container", PASSED));
    const inside = files.get("policy.txt");
    if (inside) checks.push(check(same(inside, policyData) ? "policy_inside_same" : "policy_inside_differs", REMARK));
    for (const item of items) {
      const entry = await itemChecks(item, item.name, policy, now, own, checks);
      if (entry) entries.push({ about: item.name, item, entry });
    }
    caseChecks(entries, checks);
    if (code.trim()) {
      const found = entries.find(({ entry }) => entry.mark === code.trim());
      checks.push(check("code", found ? PASSED : FAILED, found ? found.about : ""));
    }
  } catch (error) {
    checks.push(refused("container", error instanceof Refusal ? error : new Refusal("archive_unreadable")));
  }
  const marks = checks.map((one) => one.mark);
  const verdict = marks.includes(FAILED) ? "forged" : marks.includes(MISSING) ? "incomplete" : "valid";
  return { verdict, checks, items: verdict === "forged" ? [] : items };
}
