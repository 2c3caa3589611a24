/** localStorage that may be full, forbidden or absent: then this page remembers in memory only. */

const memory = new Map<string, string>();

export function load<T>(key: string): T | null {
  let text: string | null = memory.get(key) ?? null;
  try {
    text = localStorage.getItem(key) ?? text;
  } catch {
    // Storage is forbidden (a private window, a frame): memory serves until the page is closed.
  }
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}

/** Returns whether the value will survive a reload. */
export function save(key: string, value: unknown): boolean {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(key, text);
    memory.delete(key);
    return true;
  } catch {
    memory.set(key, text);
    return false;
  }
}

export function forget(key: string): void {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // Nothing was stored, then.
  }
}
