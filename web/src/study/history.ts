/** The back button: one entry of history is kept in front, so that going back shows a hint and changes nothing. */

export class BackGuard {
  private active = false;

  constructor(private readonly onBack: () => void) {
    addEventListener("popstate", () => {
      if (!this.active) return;
      history.pushState({ lookalike: true }, "");
      this.onBack();
    });
    // A page that comes back from the browser's memory may be behind the server: start it afresh.
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
  }

  /** Browsers honour an entry made after the person has done something on the page. */
  start(): void {
    if (this.active) return;
    this.active = true;
    if ((history.state as { lookalike?: boolean } | null)?.lookalike !== true) {
      history.pushState({ lookalike: true }, "");
    }
  }

  stop(): void {
    this.active = false;
  }
}
