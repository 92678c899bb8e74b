// Builds every widget's browser half into xai_widgets/static/. The output is committed; CI rebuilds and compares.
import { mkdir, readFile, writeFile } from "node:fs/promises";
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

const JUDGING = [
  "caption",
  "cards",
  "chance",
  "check",
  "chosen",
  "colour",
  "dashed",
  "ends",
  "frame",
  "judged",
  "label",
  "lines",
  "maximum",
  "minimum",
  "pane",
  "paint",
  "plate",
  "point",
  "refused",
  "resume",
  "spoken",
  "view",
];

const options = {
  absWorkingDir: resolve(here, ".."),
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  // An AMD loader on the page (classic notebook, VS Code) must not capture the module.
  define: { "define.amd": "false" },
  legalComments: "none",
  charset: "utf8",
  write: false,
};

/** Where no colormap can be chosen, only the automatic ones are needed; luts.ts has one a line. */
const onlyTables = (names) => ({
  name: "tables",
  setup(build) {
    build.onLoad({ filter: /luts\.ts$/ }, async ({ path }) => {
      const lines = (await readFile(path, "utf8")).split("\n");
      const kept = lines.filter((line) => !line.startsWith('  ["') || names.test(line));
      return { contents: kept.join("\n"), loader: "ts" };
    });
  },
});

/** Each widget by itself. `own` are names to shorten: the larger the widget, the more it is worth. */
const WIDGETS = [
  { name: "heatmap_viewer", own: OWN },
  { name: "faithfulness_viewer", own: [...OWN, ...JUDGING], tables: /inferno|coolwarm/ },
  { name: "latent_explorer", own: [], tables: /inferno|coolwarm/, limit: 45_000 },
];
const optionsOf = ({ name, own, tables }) => ({
  ...options,
  plugins: tables ? [onlyTables(tables)] : [],
  entryPoints: [`src/${name}.ts`, `src/${name}.css`],
  ...(own.length && { mangleProps: new RegExp(`^(${own.join("|")})$`) }),
});

/** Custom properties are ours alone inside the card: --xw-muted becomes --x3, the same in all files. */
const short = new Map();
const shorten = (text) =>
  text.replace(/--xw-\w+/g, (name) => {
    if (!short.has(name)) short.set(name, `--x${short.size}`);
    return short.get(name);
  });

async function write({ outputFiles }, limit = LIMIT) {
  await mkdir(out, { recursive: true });
  let total = 0;
  for (const { path, text } of outputFiles) {
    const built = Buffer.from(shorten(text));
    total += built.length;
    console.log(`${path.slice(out.length + 1)}  ${built.length} bytes`);
    await writeFile(path, built);
  }
  if (total <= limit) return;
  console.error(`The widget is ${total} bytes, ${total - limit} more than allowed.`);
  process.exitCode = 1;
}

if (process.argv.includes("--watch")) {
  const plugins = [{ name: "write", setup: (build) => build.onEnd(write) }];
  for (const widget of WIDGETS) {
    const built = optionsOf(widget);
    const watching = { ...built, plugins: [...built.plugins, ...plugins] };
    await (await esbuild.context(watching)).watch();
  }
} else {
  for (const widget of WIDGETS) await write(await esbuild.build(optionsOf(widget)), widget.limit);
}
