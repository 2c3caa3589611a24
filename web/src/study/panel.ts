/** Ids that a panel (Prolific, Mechanical Turk) puts into the address. They are handed on, never trusted. */

const NAMES = ["PROLIFIC_PID", "STUDY_ID", "SESSION_ID", "workerId", "assignmentId", "hitId", "turkSubmitTo"];
const NOT_ACCEPTED = "ASSIGNMENT_ID_NOT_AVAILABLE";
const LONGEST = 300;

export function panelIds(search: string = location.search): Record<string, string> {
  const found: Record<string, string> = {};
  const query = new URLSearchParams(search);
  for (const name of NAMES) {
    const value = query.get(name);
    if (value) found[name] = value.slice(0, LONGEST);
  }
  return found;
}

/** Mechanical Turk shows a task before a worker has accepted it: nothing may be answered then. */
export function isPreview(ids: Record<string, string>): boolean {
  return ids["assignmentId"] === NOT_ACCEPTED;
}

/** Tells people who share a browser apart, so that nobody continues another's session. */
export function personKey(ids: Record<string, string>): string {
  return ids["PROLIFIC_PID"] ?? ids["workerId"] ?? "anonymous";
}

export function device(): "phone" | "tablet" | "desktop" {
  if (!matchMedia("(pointer: coarse)").matches) return "desktop";
  return Math.min(screen.width, screen.height) < 600 ? "phone" : "tablet";
}
