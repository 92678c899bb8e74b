// Builds every widget's browser half into xai_widgets/static/. The output is committed; CI rebuilds and compares.
//
//   node scripts/build.mjs [--src DIR] [--out DIR] [--watch]
//
// A widget is a folder of DIR with an index.ts and a style.css. One whose index.ts imports its style itself is
// sent by the kernel as one module: the style goes into it as text. Such a part may lie in its widget's folder.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values: given } = parseArgs({
  options: {
    src: { type: "string", default: join(root, "src") },
    out: { type: "string", default: resolve(root, "../xai_widgets/static") },
    watch: { type: "boolean", default: false },
  },
});
const [src, out] = [resolve(given.src), resolve(given.out)];

/** Bytes of script and style that a widget may have. */
const BUDGET = { heatmap: 80_000, comparison: 66_000, dataset: 65_536 };
const BUDGET_OF_OTHERS = 60_000;

const folders = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.name === "index.ts")
  .map(({ parentPath }) => relative(src, parentPath));
const widgets = folders.filter((name) => existsSync(join(src, name, "style.css"))).sort();
const isOneModule = (name) =>
  readFileSync(join(src, name, "index.ts"), "utf8").includes('from "./style.css"');

const options = {
  absWorkingDir: src,
  outdir: out,
  outbase: ".",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  // An AMD loader on the page (classic notebook, VS Code) must not capture the module.
  define: { "define.amd": "false" },
  // A widget outside of this tree builds on it as "xai_widgets/parts/view".
  alias: { xai_widgets: join(root, "src") },
  legalComments: "none",
  charset: "utf8",
  logLevel: "info",
};
const builds = [
  {
    ...options,
    entryPoints: widgets
      .filter((name) => !isOneModule(name))
      .flatMap((name) => [`${name}/index.ts`, `${name}/style.css`]),
  },
  {
    ...options,
    entryPoints: widgets.filter(isOneModule).map((name) => `${name}/index.ts`),
    loader: { ".css": "text" },
  },
].filter(({ entryPoints }) => entryPoints.length);

for (const build of builds) {
  if (given.watch) await (await esbuild.context(build)).watch();
  else await esbuild.build(build);
}

for (const name of given.watch ? [] : widgets) {
  const files = readdirSync(join(out, name)).map((file) => statSync(join(out, name, file)));
  const size = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
  const most = BUDGET[name] ?? BUDGET_OF_OTHERS;
  if (size <= most) continue;
  console.error(`${name} has ${size} bytes, ${size - most} more than it may have.`);
  process.exitCode = 1;
}
