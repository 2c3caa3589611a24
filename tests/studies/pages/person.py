"""A participant: reads what the page shows and answers it by mouse, by keyboard or by touch."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

Hand = Literal["mouse", "keyboard", "touch"]

STATE = """() => {
  const seen = (query) => {
    const found = document.querySelector(query);
    return found !== null && found.getClientRects().length > 0;
  };
  const trial = document.querySelector("#content")?.dataset.trial;
  if (seen(".completion")) return "end";
  if (seen(".feedback-box button")) return "feedback";
  if (seen("#jspsych-survey-html-form")) return "questions";
  if (seen("#jspsych-fullscreen-btn")) return "fullscreen";
  if (seen("#jspsych-instructions-next")) return "instructions";
  if (seen("#jspsych-html-button-response-btngroup button:not([disabled])")) return "consent";
  if (seen(".screen .button.primary")) return "message";
  if (trial !== undefined && seen(".same-different")) {
    if (seen(".answers [data-same]")) return "trial " + trial;
    return seen(".answers .primary:not(.gone)") ? "start" : "wait";
  }
  if (trial !== undefined && seen(".recall")) return seen(".gallery .option") ? "trial " + trial : "wait";
  return trial !== undefined && seen(".trial") ? "trial " + trial : "wait";
}"""
SHIELD = 0.3
"""Seconds in which a new screen takes no answer yet."""


class Person:
    """Someone in front of ``page``."""

    def __init__(self, page: Any, hand: Hand = "mouse") -> None:
        self.page = page
        self.hand = hand
        self.given: dict[int, Any] = {}
        self.seen: list[str] = []
        self.on_state: Callable[[str], object] = str

    def state(self) -> str:
        """What the page shows now."""
        return str(self.page.evaluate(STATE))

    def wait_for(self, *wanted: str, seconds: float = 15) -> str:
        """Wait until the page shows one of ``wanted`` ("trial" means any trial)."""
        end = time.monotonic() + seconds
        while True:
            state = self.state()
            if state in wanted or state.split()[0] in wanted:
                return state
            shown = self.page.inner_text("body")[:300]
            assert time.monotonic() < end, f"the page shows {state!r}, not {wanted}: {shown}"
            self.page.wait_for_timeout(25)

    def go(self, until: str = "end", seconds: float = 40) -> None:
        """Do what the page asks until it shows ``until`` ("trial 3", "questions", ...)."""
        end = time.monotonic() + seconds
        while True:
            state = self.state()
            if state != "wait" and (not self.seen or self.seen[-1] != state):
                self.seen.append(state)
                self.on_state(state)
            if state == until:
                return
            assert time.monotonic() < end, f"stuck at {state!r}: {self.page.inner_text('body')[:300]}"
            self.do(state)

    def do(self, state: str) -> None:
        """React to one screen."""
        name, _, number = state.partition(" ")
        if name == "wait":
            self.page.wait_for_timeout(25)
        elif name == "trial":
            self.page.wait_for_timeout(SHIELD * 1000)
            self.answer(int(number))
        elif name == "questions":
            self.fill_questions()
        else:
            # A timed start and feedback do not take a press that may belong to the screen before.
            self.page.wait_for_timeout(450 if name in ("start", "feedback") else 0)
            self.press_main(name)
        if name not in ("wait", "start"):
            self.settle(state)

    def settle(self, state: str) -> None:
        """Wait until ``state`` has passed."""
        end = time.monotonic() + 10
        while self.state() == state and time.monotonic() < end:
            if state == "instructions":
                return  # several pages look alike
            self.page.wait_for_timeout(20)

    def press_main(self, name: str) -> None:
        buttons = {
            "consent": "#jspsych-html-button-response-btngroup button >> nth=0",
            "instructions": "#jspsych-instructions-next",
            "fullscreen": "#jspsych-fullscreen-btn",
            "message": ".screen .button.primary",
            "feedback": ".feedback-box button",
            "start": ".answers .primary",
        }
        if name == "start" and self.hand == "keyboard":
            self.page.keyboard.press("Space")
        else:
            self.hit(buttons[name])

    def hit(self, selector: str) -> None:
        """Press a button the way this person does."""
        if self.hand == "touch":
            self.page.tap(selector)
        elif self.hand == "mouse":
            self.page.click(selector)
        else:
            self.tab_to(selector)
            self.page.keyboard.press("Enter")

    def tab_to(self, selector: str) -> None:
        """Walk there with the Tab key, as someone without a mouse does."""
        target = self.page.locator(selector).element_handle()
        for _ in range(60):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not lead to {selector}")

    def answer(self, index: int) -> None:
        """Answer the trial that is shown; which answer depends on its number."""
        page = self.page
        if page.query_selector(".same-different"):
            same = index % 2 == 0
            self.given[index] = same
            if self.hand == "keyboard":
                page.keyboard.press("s" if same else "d")
            else:
                self.hit(f"[data-same={'true' if same else 'false'}]")
        elif page.query_selector(".rating"):
            value = 1 + index % 7
            self.given[index] = value
            self._digit_or_hit(str(value), f"[data-value='{value}']")
        elif page.query_selector(".vote"):
            up = index % 2 == 0
            self.given[index] = 1 if up else -1
            self._digit_or_hit("1" if up else "2", f"[data-value='{1 if up else -1}']")
        elif page.query_selector(".recall"):
            self.hit(".gallery .option >> nth=2")
            self.given[index] = 2
            self.hit(".recall .primary")
        else:
            position = index % page.locator(".options .option").count()
            self.given[index] = position
            self._digit_or_hit(str(position + 1), f"[data-position='{position}']")

    def _digit_or_hit(self, digit: str, selector: str) -> None:
        if self.hand == "keyboard":
            self.page.keyboard.press(digit)
        else:
            self.hit(selector)

    def fill_questions(self) -> None:
        page = self.page
        page.fill("[name=age]", "34")
        if self.hand == "keyboard":
            self.tab_to("[name=hard] >> nth=0")
            page.keyboard.press("Space")
        else:
            self.hit("[name=hard] >> nth=0")
        page.fill("[name=note]", "<script>window.hacked = 1</script>")
        self.hit("#jspsych-survey-html-form-next")


def stored(row: dict[str, Any]) -> Any:
    """What a row of the table of answers says was given, as `Person.given` notes it."""
    if row["type"] == "same-different":
        return row["chosen"] == 1
    return row["position"] if row["position"] is not None else row["value"]
