// Builds the page into dist/, or (`node build.mjs test`) bundles the tests into .test/ for node's own runner.
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const shared = { bundle: true, format: "esm", target: "es2022", logLevel: "info" };

async function page() {
  await rm("dist", { recursive: true, force: true });
  await mkdir("dist");
  await build({
    ...shared,
    entryPoints: {
      main: "src/main.ts",
      style: "src/style.css",
      // MapLibre's worker as a file of its own: a same-origin URL, so the page needs no blob: in its policy.
      "maplibre-worker": "maplibre-gl/dist/maplibre-gl-worker.mjs",
    },
    outdir: "dist",
    splitting: true, // the map comes as a chunk of its own: the list works without it
    chunkNames: "[name]-[hash]",
    minify: true,
    legalComments: "eof",
    external: ["data:*"],
  });
  await cp("static", "dist", { recursive: true });
  await cp("node_modules/maplibre-gl/LICENSE.txt", "dist/maplibre-gl.LICENSE.txt");
}

async function tests() {
  await rm(".test", { recursive: true, force: true });
  const files = (await readdir("test")).filter((name) => name.endsWith(".test.ts"));
  if (files.length === 0) throw new Error("test/ holds no *.test.ts");
  await build({
    ...shared,
    entryPoints: files.map((name) => `test/${name}`),
    outdir: ".test",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    sourcemap: "inline",
    logLevel: "warning",
  });
}

await (process.argv[2] === "test" ? tests() : page());
