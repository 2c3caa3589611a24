/** Names of images, fetched when somebody looks at them. */

import { ask } from "../server";

export interface Row {
  id: number;
  name: string;
  place: string;
  label: string;
  width: number;
  height: number;
}

const AT_A_TIME = 500;

export class Rows {
  private readonly known = new Map<number, Row>();

  constructor(private readonly url: string) {}

  async get(ids: readonly number[]): Promise<Row[]> {
    const wanted = ids.filter((id) => !this.known.has(id));
    for (let start = 0; start < wanted.length; start += AT_A_TIME) {
      const part = wanted.slice(start, start + AT_A_TIME);
      const { rows } = await ask<{ rows: Row[] }>(`${this.url}?ids=${part.join(",")}`);
      for (const row of rows) this.known.set(row.id, row);
    }
    return ids.map((id) => this.known.get(id)).filter((row) => row !== undefined);
  }
}
