// Builds every widget's browser half into xai_widgets/static/. The output is committed; CI rebuilds and compares.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, "../../xai_widgets/static");
const LIMIT = 40 * 1024; // bytes of JavaScript and CSS together, one widget

const options = {
  absWorkingDir: resolve(here, ".."),
  entryPoints: ["src/heatmap_viewer.ts", "src/heatmap_viewer.css"],
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  // An AMD loader on the page (classic notebook, VS Code) must not capture the module.
  define: { "define.amd": "false" },
  legalComments: "none",
  charset: "utf8",
};

if (process.argv.includes("--watch")) {
  const context = await esbuild.context({ ...options, logLevel: "info" });
  await context.watch();
} else {
  await esbuild.build(options);
  const sizes = await Promise.all(
    ["heatmap_viewer.js", "heatmap_viewer.css"].map(async (name) => {
      const { length } = await readFile(resolve(out, name));
      console.log(`${name}  ${(length / 1024).toFixed(1)} KB`);
      return length;
    }),
  );
  const total = sizes[0] + sizes[1];
  if (total > LIMIT) {
    console.error(`The viewer is ${total} bytes, ${total - LIMIT} more than allowed.`);
    process.exit(1);
  }
}
