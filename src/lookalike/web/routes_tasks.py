"""How far a map, clusters or duplicates that are being looked for have come."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from lookalike.web.findings import findings_of

router = APIRouter(include_in_schema=False)


@router.get("/g/{name}/tasks/{task}")
def task_state(request: Request, name: str, task: str) -> dict[str, Any]:
    """``{"task": {id, state, stage, done, total, seconds, error}}``."""
    return {"task": findings_of(request).task(name, task).to_dict()}
