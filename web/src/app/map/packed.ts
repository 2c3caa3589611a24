/** A JSON header and then raw numbers, as `lookalike.web.packed` writes them. */

export interface Packed<Header> {
  header: Header;
  /** Where the raw part begins: a multiple of eight. */
  start: number;
  buffer: ArrayBuffer;
}

export class Refused extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

/** The one line of an error response. */
export async function refusal(response: Response): Promise<Refused> {
  let text = `${response.status} ${response.statusText}`;
  try {
    const body = (await response.json()) as { error?: string };
    if (body.error) text = body.error;
  } catch {
    // Not JSON: the status line has to do.
  }
  return new Refused(response.status, text);
}

export async function fetchPacked<Header>(url: string): Promise<Packed<Header>> {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw await refusal(response);
  return unpack<Header>(await response.arrayBuffer());
}

export function unpack<Header>(buffer: ArrayBuffer): Packed<Header> {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as Header;
  return { header, start: 4 + length, buffer };
}
