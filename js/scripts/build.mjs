// Builds every widget's browser half into xai_widgets/static/. The output is committed; CI rebuilds and compares.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const WIDGETS = ["heatmap", "faithfulness", "latent", "comparison", "training"];

const options = {
  absWorkingDir: root,
  outdir: resolve(root, "../xai_widgets/static"),
  outbase: "src",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  // An AMD loader on the page (classic notebook, VS Code) must not capture the module.
  define: { "define.amd": "false" },
  legalComments: "none",
  charset: "utf8",
  logLevel: "info",
};

const builds = [
  {
    ...options,
    entryPoints: WIDGETS.flatMap((name) => [`src/${name}/index.ts`, `src/${name}/style.css`]),
  },
  // The kernel sends the brush as one module, its style within.
  { ...options, entryPoints: ["src/brush/index.ts"], loader: { ".css": "text" } },
];

for (const build of builds) {
  if (process.argv.includes("--watch")) await (await esbuild.context(build)).watch();
  else await esbuild.build(build);
}
