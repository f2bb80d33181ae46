// Bundles what the pages load into one folder: names carry the hash of their bytes, so they may be kept for ever.
// Usage: node build.js FOLDER. The same sources and packages give the same bytes.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = import.meta.dirname;
const folder = process.argv[2];
if (!folder) throw new Error("usage: node build.js FOLDER");

const names = (await readdir(join(here, "entries"))).sort();
const built = await build({
  entryPoints: names.map((name) => join(here, "entries", name)),
  outdir: "out",
  bundle: true,
  minify: true,
  write: false,
  charset: "utf8",
  format: "iife",
  target: ["es2022", "safari16"],
  legalComments: "none",
  external: ["/static/*"],
});
const files = new Map(built.outputFiles.map((file) => [basename(file.path), Buffer.from(file.contents)]));
files.set("icons.svg", await sprite());
for (const name of await readdir(join(here, "images"))) files.set(name, await readFile(join(here, "images", name)));

const manifest = {};
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const kept = `${basename(name, extname(name))}-${hash}${extname(name)}`;
  manifest[name] = kept;
  await writeFile(join(folder, kept), content);
  await writeFile(join(folder, `${kept}.gz`), gzipSync(content, { level: 9 }));
  const best = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  await writeFile(join(folder, `${kept}.br`), brotliCompressSync(content, { params: best }));
}
await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");

// One symbol an icon of `icons.txt`; pages show them by `<use href="…#name">`.
async function sprite() {
  const wanted = (await readFile(join(here, "icons.txt"), "utf8")).split(/\s+/).filter(Boolean).sort();
  const symbols = [];
  for (const name of wanted) {
    const svg = await readFile(join(here, "node_modules/@tabler/icons/icons/outline", `${name}.svg`), "utf8");
    const drawn = svg.match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1].replace(/\s*\n\s*/g, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${drawn}</symbol>`);
  }
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}
