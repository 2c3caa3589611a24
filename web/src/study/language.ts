/** Texts in the participant's language. A further language is a further file in texts/, with the same keys. */

import en from "./texts/en.json";
import { load, save } from "./storage";

export type Key = keyof typeof en;
type Texts = Record<Key, string>;

const files = import.meta.glob<Texts>("./texts/*.json", { eager: true, import: "default" });
const known = new Map(Object.entries(files).map(([path, texts]) => [/([\w-]+)\.json$/.exec(path)?.[1] ?? path, texts]));

const CHOICE = "lookalike:language";
let current: Texts = en;
let code = "en";

/** The language asked for in the address, chosen before, or preferred by the browser; else the study's first. */
export function chooseLanguage(offered: string[], search: string = location.search): string {
  const wanted = [new URLSearchParams(search).get("lang"), load<string>(CHOICE), ...navigator.languages];
  for (const language of wanted) {
    if (!language) continue;
    const found = offered.find((offer) => offer.toLowerCase() === language.toLowerCase());
    if (found) return found;
    const base = language.toLowerCase().split("-")[0];
    const near = offered.find((offer) => offer.toLowerCase().split("-")[0] === base);
    if (near) return near;
  }
  return offered[0] ?? "en";
}

export function rememberLanguage(language: string): void {
  save(CHOICE, language);
}

/** Use `language` from now on; `overrides` are a study's own words for some of the texts. */
export function useLanguage(language: string, overrides: Record<string, string> = {}): void {
  code = language;
  const texts = known.get(language) ?? known.get(language.split("-")[0] ?? "") ?? en;
  current = { ...en, ...texts, ...overrides };
  document.documentElement.lang = language;
  document.documentElement.dir = current.direction;
}

export const languageCode = (): string => code;
export const languageName = (language: string): string => known.get(language)?.language_name ?? language;

/** The text named `key`, with `{name}` replaced by values. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return current[key].replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}

/** Of texts in several languages the one to show. */
export function pick(texts: string | Record<string, string> | undefined): string {
  if (texts === undefined || typeof texts === "string") return texts ?? "";
  return texts[code] ?? texts[code.split("-")[0] ?? ""] ?? texts["en"] ?? Object.values(texts)[0] ?? "";
}
