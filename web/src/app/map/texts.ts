/** The page's own words, which its template hands over in `data-texts`. */

export type Say = (key: string, values?: Record<string, string | number>) => string;

export function textsOf(root: HTMLElement): Say {
  const texts = JSON.parse(root.dataset.texts ?? "{}") as Record<string, string>;
  return (key, values = {}) =>
    (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : typeof value === "number" ? numberText(value) : value;
    });
}

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

export function numberText(value: number): string {
  return plain.format(value);
}
