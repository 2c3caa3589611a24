/** Writes the licences of everything that ends up in the bundle beside it; a licence that cannot be found is an error. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

/** Packages that come without their licence's text: name prefix -> file in licences/. */
const KEPT_HERE: Array<[RegExp, string]> = [[/^(jspsych$|@jspsych\/)/, "jspsych.txt"]];

interface Manifest {
  name: string;
  version: string;
  license?: string;
}

/** The folder of the package that a module belongs to: the nearest package.json that names one. */
function packageOf(module: string): string | null {
  if (!module.includes("/node_modules/")) return null;
  for (let folder = dirname(module); folder.includes("/node_modules/"); folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as Partial<Manifest>).name) return folder;
  }
  return null;
}

function licenceText(folder: string, name: string): string {
  const own = readdirSync(folder).find((file) => /^(licen[cs]e|copying)/i.test(file));
  if (own) return readFileSync(join(folder, own), "utf8");
  const readme = readdirSync(folder).find((file) => /^readme/i.test(file));
  const section = readme && /^#*\s*licen[cs]e.*\n-*\n([\s\S]*Permission is hereby granted[\s\S]*)$/im;
  const found = section ? section.exec(readFileSync(join(folder, readme), "utf8"))?.[1] : undefined;
  if (found) return found;
  const kept = KEPT_HERE.find(([pattern]) => pattern.test(name));
  if (!kept) throw new Error(`${name} has no licence file: put its text into web/licences/ and name it in licences.ts`);
  return readFileSync(join(import.meta.dirname, "licences", kept[1]), "utf8");
}

export function licences(fileName: string): Plugin {
  return {
    name: "lookalike-licences",
    generateBundle(_options, bundle) {
      const folders = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const module of Object.keys(chunk.modules)) {
          const folder = packageOf(module.replace(/\0/g, ""));
          if (folder) folders.add(folder);
        }
      }
      const byText = new Map<string, string[]>();
      for (const folder of [...folders].sort()) {
        const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
        const text = licenceText(folder, name).trim();
        byText.set(text, [...(byText.get(text) ?? []), `${name} ${version} (${license ?? "see below"})`]);
      }
      const parts = [...byText].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`);
      const source = `These pages contain the following works of others.\n\n${parts.join(`\n${"-".repeat(78)}\n\n`)}`;
      this.emitFile({ type: "asset", fileName, source });
    },
  };
}
