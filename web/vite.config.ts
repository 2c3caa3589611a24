import { resolve } from "node:path";
import { defineConfig } from "vite";
import { licences } from "./licences";

/** One folder of the output for each page: add a line here for a further one. */
const pages = {
  study: resolve(import.meta.dirname, "src/study/index.ts"),
  app: resolve(import.meta.dirname, "src/app/index.ts"),
};

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [licences("third-party-licences.txt")],
  build: {
    outDir: resolve(import.meta.dirname, "../src/lookalike/serving/static"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: true,
    reportCompressedSize: false,
    rollupOptions: {
      input: pages,
      output: {
        entryFileNames: "[name]/index.js",
        chunkFileNames: "shared/[name]-[hash].js",
        assetFileNames: (asset) => {
          const isStyle = asset.names.some((name) => name.endsWith(".css"));
          return isStyle ? "[name]/index[extname]" : "shared/[name]-[hash][extname]";
        },
      },
    },
  },
});
