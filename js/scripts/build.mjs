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
  "follow",
  "format",
  "frames",
  "frozen",
  "group",
  "heat",
  "initial",
  "isOpen",
  "kept",
  "layers",
  "least",
  "look",
  "lut",
  "methods",
  "milliseconds",
  "most",
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
  "scale",
  "show",
  "shown",
  "snapshot",
  "spot",
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

const COMPARING = [
  "alone",
  "appearance",
  "arrange",
  "ask",
  "available",
  "card",
  "cards",
  "cell",
  "column",
  "counts",
  "describe",
  "diverging",
  "element",
  "factor",
  "finish",
  "follow",
  "format",
  "frozen",
  "group",
  "heat",
  "initial",
  "isOpen",
  "kept",
  "least",
  "look",
  "lut",
  "milliseconds",
  "most",
  "nativeCounts",
  "nativeValues",
  "network",
  "opaque",
  "painted",
  "pair",
  "pick",
  "picked",
  "reason",
  "reset",
  "rest",
  "rows",
  "scores",
  "show",
  "shown",
  "snapshot",
  "spot",
  "stage",
  "stale",
  "status",
  "stop",
  "strip",
  "swatch",
  "tick",
  "valueAt",
  "walk",
  "whole",
];

const BRUSH = [
  "draw",
  "load",
  "active",
  "begin",
  "beside",
  "clear",
  "done",
  "element",
  "end",
  "extent",
  "fit",
  "follow",
  "forget",
  "larger",
  "paint",
  "painted",
  "painting",
  "past",
  "press",
  "resized",
  "say",
  "show",
  "size",
  "smaller",
  "spot",
  "undo",
  "undoable",
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

/** A part of a widget brings its style as text: the kernel sends it as one file. */
const styleAsText = {
  name: "style",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const { code } = await esbuild.transform(text, {
        loader: "css",
        minify: true,
        target: "es2022",
      });
      return { contents: code, loader: "text" };
    });
  },
};

/** A part borrows what the viewer has anyway: imports of src/parts/lent.ts's modules come from there. */
const borrowed = {
  name: "borrowed",
  async setup(build) {
    const text = await readFile(resolve(here, "../src/parts/lent.ts"), "utf8");
    const names = text.match(/LENT = \[([^\]]*)\]/)[1].match(/\w+/g);
    const contents = `export let ${names}; export const borrow = (lent) => { [${names}] = lent; };`;
    const modules = /\/(dom|format|frame|geometry|lent|life|segments)$/;
    build.onResolve({ filter: modules }, () => ({ path: "lent", namespace: "borrowed" }));
    build.onLoad({ filter: /.*/, namespace: "borrowed" }, () => ({ contents }));
  },
};

/** Each widget by itself. `own` are names to shorten: the larger the widget, the more it is worth. */
const WIDGETS = [
  { name: "heatmap_viewer", own: OWN },
  {
    name: "faithfulness_viewer",
    own: [...OWN, ...JUDGING],
    tables: /inferno|coolwarm/,
    limit: 45_000,
  },
  { name: "latent_explorer", own: [], tables: /inferno|coolwarm/, limit: 45_000 },
  {
    name: "gradient_comparison",
    own: COMPARING,
    tables: /inferno|gray|coolwarm/,
    limit: 50_000,
  },
  { name: "training_monitor", own: [], tables: /inferno|coolwarm/ },
  { name: "brush", own: BRUSH, part: true, limit: 10_240 },
];
const optionsOf = ({ name, own, tables, part }) => ({
  ...options,
  plugins: [...(tables ? [onlyTables(tables)] : []), ...(part ? [styleAsText, borrowed] : [])],
  entryPoints: [`src/${name}.ts`, ...(part ? [] : [`src/${name}.css`])],
  ...(own && { mangleProps: new RegExp(`^(${own.join("|")})$`) }),
});

/** What esbuild leaves as it is, because nobody can know what a custom property is for. */
const close = (text) => text.replace(/--xw-\w+: [^;]+/g, (said) => said.replace(/([:,]) /g, "$1"));

/** Custom properties are ours alone inside the card: --xw-muted becomes --x3, the same in all files. */
const short = new Map();
const shorten = (text) =>
  close(text).replace(/--xw-\w+/g, (name) => {
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
