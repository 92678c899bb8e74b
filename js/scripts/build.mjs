// Builds every widget's browser half into xai_widgets/static/. The output is committed; CI rebuilds and compares.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, "../../xai_widgets/static");
const LIMIT = 40_000; // bytes of JavaScript and CSS together, one widget: a notebook saves them with it

// Names of our own that neither the browser nor the wire to Python knows: they may get short ones.
const OWN = [
  "appearance",
  "available",
  "ask",
  "classNames",
  "column",
  "counts",
  "describe",
  "diverging",
  "element",
  "factor",
  "format",
  "frames",
  "frozen",
  "group",
  "heat",
  "initial",
  "isOpen",
  "kept",
  "layers",
  "look",
  "lut",
  "methods",
  "milliseconds",
  "nativeCounts",
  "nativeValues",
  "network",
  "note",
  "opaque",
  "photo",
  "picture",
  "reason",
  "request",
  "reset",
  "rest",
  "row",
  "show",
  "shown",
  "snapshot",
  "stale",
  "status",
  "stop",
  "swatch",
  "values",
  "walk",
  "whole",
];

const options = {
  absWorkingDir: resolve(here, ".."),
  entryPoints: ["src/heatmap_viewer.ts", "src/heatmap_viewer.css"],
  outdir: out,
  bundle: true,
  minify: true,
  mangleProps: new RegExp(`^(${OWN.join("|")})$`),
  format: "esm",
  target: "es2022",
  // An AMD loader on the page (classic notebook, VS Code) must not capture the module.
  define: { "define.amd": "false" },
  legalComments: "none",
  charset: "utf8",
  write: false,
};

/** Custom properties are ours alone inside the card: --xw-muted becomes --x3, the same in both files. */
const short = new Map();
const shorten = (text) =>
  text.replace(/--xw-\w+/g, (name) => {
    if (!short.has(name)) short.set(name, `--x${short.size}`);
    return short.get(name);
  });

async function write({ outputFiles }) {
  await mkdir(out, { recursive: true });
  let total = 0;
  for (const { path, text } of outputFiles) {
    const built = Buffer.from(shorten(text));
    total += built.length;
    console.log(`${path.slice(out.length + 1)}  ${built.length} bytes`);
    await writeFile(path, built);
  }
  if (total <= LIMIT) return;
  console.error(`The viewer is ${total} bytes, ${total - LIMIT} more than allowed.`);
  process.exitCode = 1;
}

if (process.argv.includes("--watch")) {
  const plugins = [{ name: "write", setup: (build) => build.onEnd(write) }];
  await (await esbuild.context({ ...options, plugins })).watch();
} else {
  await write(await esbuild.build(options));
}
