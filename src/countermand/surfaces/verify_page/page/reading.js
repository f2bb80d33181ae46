// Reads what a stranger hands in: a zip, a note, a proof, a policy. Whatever has two readings is refused.
"use strict";

class Refusal extends Error {
  constructor(code, detail, about) {
    super(detail || code);
    this.code = code;
    this.about = about || "";
  }
}

const LIMITS = {
  "entry.json": 65535,
  "receipt.tlog-proof": 500000,
  "openings.json": 1 << 20,
  "policy.txt": 1 << 18,
  "README.txt": 1 << 16,
  "receipt.pdf": 4 << 20,
};
// Named by the place in the log; of two shards' entries at the same place the later ones are numbered from 2.
const MORE_ENTRY = /^entries\/((0|[1-9][0-9]{0,18})(?:-(?:[2-9]|[1-9][0-9]))?)\.json$/;
const MORE_PROOF = /^proofs\/((0|[1-9][0-9]{0,18})(?:-(?:[2-9]|[1-9][0-9]))?)\.tlog-proof$/;
const FILE_BYTES_MAX = 8 << 20;
const FILES_MAX = 134;

function limitOf(name) {
  if (MORE_ENTRY.test(name)) return 65535;
  if (MORE_PROOF.test(name)) return 500000;
  return Object.hasOwn(LIMITS, name) ? LIMITS[name] : null;
}

async function inflated(data, limit) {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  const parts = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new Refusal("archive_too_large");
    }
    parts.push(value);
  }
  return joined(parts);
}

function crcOf(data) {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

// The files of a zip, by name (PKWARE APPNOTE 6.3); the central directory at its end says what is in it.
async function unzipped(data) {
  if (data.length > FILE_BYTES_MAX) throw new Refusal("archive_too_large");
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const end = data.length - 22;
  if (end < 0 || view.getUint32(0) !== 0x504b0304 || view.getUint32(end) !== 0x504b0506) {
    throw new Refusal("archive_unreadable");
  }
  const count = view.getUint16(end + 10, true);
  if (count > FILES_MAX) throw new Refusal("archive_too_large");
  const files = new Map();
  let at = view.getUint32(end + 16, true);
  for (let number = 0; number < count; number++) {
    if (view.getUint32(at) !== 0x504b0102) throw new Refusal("archive_unreadable");
    const [nameLength, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    const name = textOf(data.subarray(at + 46, at + 46 + nameLength), "archive_unreadable");
    if (name.startsWith("/") || /[\\:\0]/.test(name) || name.split("/").includes("..")) {
      throw new Refusal("name_leads_outside", name, name);
    }
    if (files.has(name)) throw new Refusal("name_twice", name, name);
    const limit = limitOf(name);
    if (limit === null) throw new Refusal("member_unknown", name, name);
    files.set(name, await member(data, view, at, name, limit));
    at += 46 + nameLength + extra + comment;
  }
  if (at !== end) throw new Refusal("archive_unreadable");
  return files;
}

async function member(data, view, at, name, limit) {
  const [flags, method] = [8, 10].map((place) => view.getUint16(at + place, true));
  const [crc, packed, size, local] = [16, 20, 24, 42].map((place) => view.getUint32(at + place, true));
  if (size > limit) throw new Refusal("archive_too_large", name, name);
  if (flags & 1 || (method !== 0 && method !== 8)) throw new Refusal("archive_unreadable", name, name);
  if (view.getUint32(local) !== 0x504b0304) throw new Refusal("archive_unreadable", name, name);
  const nameLength = view.getUint16(local + 26, true);
  const here = textOf(data.subarray(local + 30, local + 30 + nameLength), "archive_unreadable");
  if (here !== name) throw new Refusal("archive_unreadable", name, name);
  const start = local + 30 + nameLength + view.getUint16(local + 28, true);
  const held = data.subarray(start, start + packed);
  const found = method === 8 ? await inflated(held, limit) : held;
  if (held.length !== packed || found.length !== size || crcOf(found) !== crc) {
    throw new Refusal("archive_unreadable", name, name);
  }
  return found;
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const bytesOf = (text) => new TextEncoder().encode(text);
const same = (one, other) => one.length === other.length && one.every((byte, place) => byte === other[place]);
const hexOf = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));

function textOf(data, code) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Refusal(code);
  }
}

function decoded(text, code) {
  try {
    const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    if (btoa(String.fromCharCode(...data)) === text) return data;
  } catch {
    /* falls through to the refusal */
  }
  throw new Refusal(code);
}

// RFC 8785, restricted as the log has it: integers of 53 bits, names in ASCII, texts in NFC.
function canonical(value) {
  if (value === null || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new Refusal("entry");
    return JSON.stringify(value);
  }
  if (typeof value === "string") {
    if (value.normalize("NFC") !== value || !value.isWellFormed()) throw new Refusal("entry");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const names = Object.keys(value).sort();
  // eslint-disable-next-line no-control-regex
  if (names.some((name) => !/^[\x00-\x7f]*$/.test(name))) throw new Refusal("entry");
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

function parsedJson(data, code) {
  const text = textOf(data, code);
  try {
    const value = JSON.parse(text);
    if (canonical(value) === text) return value;
  } catch {
    /* falls through to the refusal */
  }
  throw new Refusal(code);
}

// C2SP signed-note: a text, an empty line, and lines of who signed it.
function parsedNote(text) {
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x09\x0b-\x1f]/.test(text) || !text.endsWith("\n")) throw new Refusal("note_malformed");
  const cut = text.lastIndexOf("\n\n");
  if (cut < 0) throw new Refusal("note_malformed");
  const lines = text.slice(cut + 2, -1).split("\n");
  if (lines.length > 64) throw new Refusal("note_malformed");
  const signatures = lines.map((line) => {
    const found = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line);
    const data = found && decoded(found[2], "note_malformed");
    if (!found || data.length <= 4) throw new Refusal("note_malformed");
    return { name: found[1], id: hexOf(data.subarray(0, 4)), data: data.subarray(4) };
  });
  return { text: text.slice(0, cut + 1), signatures };
}

// C2SP tlog-checkpoint: origin, size, root, and no more.
function parsedCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] || !lines[0] || !/^(0|[1-9][0-9]{0,18})$/.test(lines[1])) {
    throw new Refusal("checkpoint_malformed");
  }
  const root = decoded(lines[2], "checkpoint_malformed");
  if (root.length !== 32) throw new Refusal("checkpoint_malformed");
  return { origin: lines[0], size: BigInt(lines[1]), root };
}

// C2SP tlog-proof v1; `extra`, which no signature covers, is refused.
function parsedProof(data) {
  const text = textOf(data, "proof_malformed");
  const cut = text.indexOf("\n\n");
  const lines = text.slice(0, cut).split("\n");
  const index = /^index (0|[1-9][0-9]{0,18})$/.exec(lines[1] || "");
  if (cut < 0 || lines[0] !== "c2sp.org/tlog-proof@v1" || !index || lines.length > 65) {
    throw new Refusal("proof_malformed");
  }
  const path = lines.slice(2).map((line) => decoded(line, "proof_malformed"));
  if (path.some((step) => step.length !== 32)) throw new Refusal("proof_malformed");
  return { index: BigInt(index[1]), path, note: parsedNote(text.slice(cut + 2)) };
}

const KEY_BYTES = { 1: 32, 4: 32, 6: 1312 };

async function parsedKey(text) {
  const [name, id, ...rest] = text.split("+");
  const material = decoded(rest.join("+"), "key_malformed");
  const [kind, raw] = [material[0], material.subarray(1)];
  const said = await sha256(joined([bytesOf(`${name}\n`), material]));
  if (KEY_BYTES[kind] !== raw.length || hexOf(said.subarray(0, 4)) !== id) throw new Refusal("key_malformed");
  return { name, id, kind, raw };
}

// C2SP tlog-policy: logs, witnesses, groups, and the quorum.
async function parsedPolicy(data) {
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null };
  const refuse = () => {
    throw new Refusal("policy_malformed");
  };
  for (const line of textOf(data, "policy_malformed").split("\n")) {
    const words = line.trim().split(/[ \t]+/);
    if (words[0] === "" || words[0].startsWith("#")) continue;
    const known = (name) => policy.witnesses.has(name) || policy.groups.has(name);
    if (words[0] === "log" && words.length >= 2) {
      policy.logs.push(await parsedKey(words[1]));
    } else if (words[0] === "witness" && words.length >= 3 && words[1] !== "none" && !known(words[1])) {
      policy.witnesses.set(words[1], await parsedKey(words[2]));
    } else if (words[0] === "group" && words.length >= 4 && words[1] !== "none" && !known(words[1])) {
      const members = words.slice(3);
      const count = { all: members.length, any: 1 }[words[2]] || Number(words[2]);
      if (!members.every(known) || !Number.isInteger(count) || count < 1 || count > members.length) refuse();
      policy.groups.set(words[1], { count, members });
    } else if (words[0] === "quorum" && words.length === 2 && policy.quorum === null) {
      if (words[1] !== "none" && !known(words[1])) refuse();
      policy.quorum = words[1];
    } else {
      refuse();
    }
  }
  if (policy.quorum === null) refuse();
  return policy;
}
