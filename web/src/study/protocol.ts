/** The shapes that go over the wire between this page and `lookalike study serve`. */

export interface Picture {
  url: string;
  sha256: string;
  bytes: number;
  width: number;
  height: number;
}

/** A picture of the gallery, with its place in this participant's order. */
export interface Candidate extends Picture {
  position: number;
}

export type TrialType = "kafc" | "2afc" | "odd-one-out" | "same-different" | "rating" | "recall-and-vote";

export interface Trial {
  index: number;
  kind: "practice" | "trial";
  type: TrialType;
  fixed: Picture[];
  options: Picture[];
  labels?: string[];
}

export interface Timing {
  fixation_ms?: number | null;
  image_ms?: number | null;
  gap_ms?: number | null;
  mask?: boolean | null;
  second_ms?: number | null;
  min_response_ms?: number | null;
}

export interface Scale {
  low: number;
  high: number;
  /** Between two marks; 0: a slider without marks. */
  step: number;
  /** By language: names of the two ends, or of every mark. */
  labels?: Record<string, string[]>;
}

export type Phase = "practice" | "trials" | "questions" | "done";

export interface Plan {
  session: string;
  trials: number;
  next: number;
  breaks: number[];
  phase: Phase;
  timing?: Timing | null;
  scale?: Scale | null;
  show_instructions: boolean;
  language?: string;
}

export interface Question {
  name: string;
  text: Record<string, string>;
  kind: "text" | "choice" | "number";
  choices?: Array<{ value: string; text: Record<string, string> }>;
  required?: boolean;
}

export interface LanguageTexts {
  consent_html: string;
  instructions_html: string;
  debriefing_html: string;
  ui?: Record<string, string>;
}

export interface Info {
  title: string | Record<string, string>;
  type: TrialType;
  languages: string[];
  texts: Record<string, LanguageTexts>;
  questions: Question[];
  panel: string;
  preview: boolean;
  needs?: { fullscreen?: boolean; min_width?: number | null };
}

/** What the participant answered: exactly one of these. */
export type Response =
  | { position: number }
  | { value: number }
  | { text: string }
  | { same: boolean };

export interface AnswerTiming {
  hidden_ms: number;
  blurs: number;
  frames_dropped: number;
  images_ok: boolean;
  shown_for_ms: number | null;
}

export type Answer = Response & {
  index: number;
  nonce: string;
  response_time_ms: number;
  timing: AnswerTiming;
};

export interface Ack {
  ok: boolean;
  next: number;
  feedback: { right: boolean } | null;
}

export interface Completion {
  kind: "code" | "redirect" | "mturk" | "none";
  code?: string | null;
  url?: string | null;
  form?: { action: string; fields: Record<string, string> } | null;
}
