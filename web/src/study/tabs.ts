/**
 * One tab at a time. A second tab asks; if the first one answers, the person chooses where to go on, and the tab
 * that is left stops sending. Answers that it had not sent yet are in localStorage, where the other finds them.
 */

import { studyRoot } from "./api";

const WAIT_MS = 350;
type Message = { kind: "who" | "here" | "mine"; id: string };

export class Tab {
  private readonly id = crypto.getRandomValues(new Uint32Array(2)).join("-");
  private readonly channel: BroadcastChannel | null;
  private state: "asking" | "active" | "left" = "asking";
  private otherIsHere = false;

  constructor(private readonly onLost: () => void) {
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(`lookalike:${studyRoot()}`);
    this.channel?.addEventListener("message", (event) => this.hear(event.data as Message));
  }

  /** Whether another tab holds this study now. */
  async isTaken(): Promise<boolean> {
    this.say("who");
    if (this.channel) await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    if (!this.otherIsHere) this.state = "active";
    return this.otherIsHere;
  }

  /** Take the study over; any other tab stops. */
  take(): void {
    this.state = "active";
    this.say("mine");
  }

  private say(kind: Message["kind"]): void {
    this.channel?.postMessage({ kind, id: this.id });
  }

  private hear(message: Message): void {
    if (message.kind === "who") {
      // Of two tabs opened in the same moment the one with the smaller id stays.
      if (this.state === "active" || (this.state === "asking" && this.id < message.id)) this.say("here");
    } else if (message.kind === "here") {
      if (this.state === "asking") this.otherIsHere = true;
    } else if (this.state === "active") {
      this.state = "left";
      this.onLost();
    }
  }
}
