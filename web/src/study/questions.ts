/** The questions after the trials, as a form of jsPsych's. */

import SurveyHtmlForm from "@jspsych/plugin-survey-html-form";
import { escapeHtml } from "./dom";
import { pick, t } from "./language";
import type { Question } from "./protocol";
import { focusStart } from "./screens";

const MOST_CHARACTERS = 2_000;
const MOST_RADIOS = 6; // more choices are a menu

function label(question: Question, id: string): string {
  const mark = question.required ? ` <span class="required">(${escapeHtml(t("required"))})</span>` : "";
  return `<label class="label" for="${id}">${escapeHtml(pick(question.text))}${mark}</label>`;
}

function choiceField(question: Question, id: string, name: string, required: string): string {
  const choices = question.choices ?? [];
  if (choices.length > MOST_RADIOS) {
    const options = choices
      .map((choice) => `<option value="${escapeHtml(choice.value)}">${escapeHtml(pick(choice.text))}</option>`)
      .join("");
    const empty = `<option value="">${escapeHtml(t("choose"))}</option>`;
    return `${label(question, id)}<select class="field" id="${id}" name="${name}" ${required}>${empty}${options}</select>`;
  }
  const mark = question.required ? ` <span class="required">(${escapeHtml(t("required"))})</span>` : "";
  const radios = choices.map(
    (choice) =>
      `<label class="radio"><input type="radio" name="${name}" value="${escapeHtml(choice.value)}" ${required}> ` +
      `${escapeHtml(pick(choice.text))}</label>`,
  );
  return `<fieldset><legend class="label">${escapeHtml(pick(question.text))}${mark}</legend>${radios.join("")}</fieldset>`;
}

function field(question: Question, number: number): string {
  const id = `question-${number}`;
  const name = escapeHtml(question.name);
  const required = question.required ? "required" : "";
  if (question.kind === "choice") return choiceField(question, id, name, required);
  if (question.kind === "number") {
    return `${label(question, id)}<input class="field" type="number" step="any" id="${id}" name="${name}" ${required}>`;
  }
  const rows = `rows="3" maxlength="${MOST_CHARACTERS}"`;
  return `${label(question, id)}<textarea class="field" ${rows} id="${id}" name="${name}" ${required}></textarea>`;
}

export type QuestionAnswers = Record<string, string | number>;

/** What was filled in; fields that were left empty are left out. */
function filledIn(questions: Question[], given: Record<string, string>): QuestionAnswers {
  const answers: QuestionAnswers = {};
  for (const { name, kind } of questions) {
    const value = given[name]?.trim();
    if (value) answers[name] = kind === "number" ? Number(value) : value;
  }
  return answers;
}

export function questionForm(
  questions: Question[],
  onAnswers: (answers: QuestionAnswers) => void,
): Record<string, unknown> {
  const fields = questions.map((question, number) => `<div class="question">${field(question, number)}</div>`);
  return {
    type: SurveyHtmlForm,
    preamble: `<div class="screen"><h1>${escapeHtml(t("questions_title"))}</h1></div>`,
    html: fields.join(""),
    button_label: t("submit"),
    on_load: () => {
      document.querySelector("#jspsych-survey-html-form-next")?.classList.add("button", "primary");
      focusStart();
    },
    on_finish: (data: { response: Record<string, string> }) => onAnswers(filledIn(questions, data.response)),
  };
}
