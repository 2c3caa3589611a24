"""What participants' pages and the dashboard may send: every field typed and bounded."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Milliseconds = Annotated[float, Field(ge=0, le=604_800_000, allow_inf_nan=False)]
Events = Annotated[int, Field(ge=0, le=1_000_000)]
Pixels = Annotated[int, Field(ge=0, le=100_000)]
PanelValue = Annotated[str, Field(max_length=300)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Tolerant(BaseModel):
    """Newer pages may say more."""

    model_config = ConfigDict(extra="ignore", strict=True)


class Viewport(_Tolerant):
    """Size of the page in CSS pixels."""

    width: Pixels
    height: Pixels


class SessionBody(_Tolerant):
    """A participant who agreed starts or comes back."""

    panel: dict[Annotated[str, Field(max_length=40)], PanelValue] = Field(default_factory=dict, max_length=20)
    language: Annotated[str, Field(max_length=20)] | None = None
    device: Annotated[str, Field(pattern=r"^(phone|tablet|desktop)$")] | None = None
    consent: bool = False
    viewport: Viewport | None = None
    simulated: bool = Field(False, description="a simulated participant: counted apart, paid nothing")
    restart: bool = Field(False, description="after a finished visit on this device: someone else begins")


class TimingBody(_Tolerant):
    """What the page measured while the trial was shown."""

    hidden_ms: Milliseconds | None = None
    blurs: Events | None = None
    frames_dropped: Events | None = None
    images_ok: bool | None = None
    shown_for_ms: Milliseconds | None = None


class AnswerBody(_Body):
    """One answer; of position, value, text and same those that belong to the study's type."""

    index: Annotated[int, Field(ge=0, le=1_000_000)]
    nonce: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    position: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    text: Annotated[str, Field(max_length=4_000)] | None = None
    same: bool | None = None
    response_time_ms: Milliseconds | None = None
    timing: TimingBody | None = None


class QuestionsBody(_Body):
    """Answers to the questions after the trials, by name."""

    answers: dict[Annotated[str, Field(max_length=50)], Any] = Field(max_length=100)


class LoginBody(_Body):
    """The administrator's token."""

    token: Annotated[str, Field(max_length=200)]


class WithdrawBody(_Body):
    """Whose answers to delete: the public id of a session."""

    study: Annotated[str, Field(max_length=63)]
    session: Annotated[str, Field(max_length=20)]
