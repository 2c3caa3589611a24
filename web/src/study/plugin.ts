/** A jsPsych plugin that lets a function draw a step of the timeline and end it when it is done. */

import { ParameterType, type JsPsych, type JsPsychPlugin, type TrialType } from "jspsych";

const info = {
  name: "lookalike-step",
  version: "1.0.0",
  parameters: {
    /** Draws into the element it gets; the step is over when its promise resolves. */
    run: { type: ParameterType.FUNCTION, default: undefined },
  },
  data: {},
} as const;

type Info = typeof info;

export class StepPlugin implements JsPsychPlugin<Info> {
  static readonly info = info;

  constructor(private readonly jsPsych: JsPsych) {}

  trial(element: HTMLElement, parameters: TrialType<Info>): void {
    const run = parameters.run as (element: HTMLElement) => Promise<unknown>;
    run(element).then(() => this.jsPsych.finishTrial({}), () => undefined); // `guarded` has shown what went wrong
  }
}
