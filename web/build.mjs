// Builds styles, islands and regia.js (the library for sites) into internal/web/dist under names that carry
// their hash, with manifest.json telling which is which.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "..", "internal", "web", "dist");
// regia.js is loaded by shops' pages: its version grows with its interface, its size must not.
const libraryVersion = "1.1.0";
const libraryLimit = 5 * 1024; // gzipped
const work = mkdtempSync(join(tmpdir(), "regia-web-"));

try {
  const islands = readdirSync(join(here, "src", "pages")).filter((f) => f.endsWith(".ts"));
  await build({
    entryPoints: islands.map((f) => join(here, "src", "pages", f)),
    outdir: work,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    legalComments: "none",
    logLevel: "warning",
  });
  execFileSync(
    process.execPath,
    [join(here, "node_modules", "@tailwindcss", "cli", "dist", "index.mjs"),
      "--input", join(here, "src", "app.css"), "--output", join(work, "app.css"), "--minify"],
    { cwd: here, stdio: ["ignore", "ignore", "inherit"] },
  );
  await build({
    entryPoints: { regia: join(here, "sdk", "main.ts"), "regia-widget": join(here, "sdk", "widget.ts") },
    outdir: work,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2018",
    define: { VERSION: JSON.stringify(libraryVersion) },
    legalComments: "none",
    logLevel: "warning",
  });
  writeFileSync(join(work, "regia.d.ts"), readFileSync(join(here, "sdk", "regia.d.ts")));
  writeFileSync(join(work, "icon.svg"), readFileSync(join(here, "src", "icon.svg")));

  mkdirSync(dist, { recursive: true });
  for (const old of readdirSync(dist)) if (old !== ".keep") rmSync(join(dist, old), { recursive: true });

  const manifest = {};
  let total = 0;
  for (const name of readdirSync(work).sort()) {
    const body = readFileSync(join(work, name));
    const hash = createHash("sha256").update(body).digest("hex").slice(0, 10);
    const hashed = `${basename(name, extname(name))}-${hash}${extname(name)}`;
    writeFileSync(join(dist, hashed), body);
    manifest[name] = hashed;
    const zipped = gzipSync(body, { level: 9 }).length;
    console.log(`${hashed.padEnd(32)} ${body.length} bytes, ${zipped} gzipped`);
    if (/^regia(-widget)?\.js$/.test(name) && zipped > libraryLimit) throw new Error(`${name} is over ${libraryLimit} bytes gzipped`);
    if (!/^regia[.-]/.test(name)) total += zipped; // sites load that, not our pages
  }
  writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
  console.log(`together ${total} bytes gzipped`);
  if (total > 100_000) throw new Error("scripts and styles are over 100 KB gzipped");
} finally {
  rmSync(work, { recursive: true, force: true });
}
