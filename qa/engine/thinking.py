"""How hard a model thinks before it answers, in the levels that it really has."""

from __future__ import annotations

from typing import Any

from .model import EFFORTS, Model

OFF = "off"
ROOM = {
    OFF: 16_000,
    "low": 16_000,
    "medium": 24_000,
    "high": 32_000,
    "xhigh": 64_000,
    "max": 128_000,
}
"""Tokens for thinking and answer together, by level: what is not used is not paid."""
ANSWER = 12_000
"""What a budget of thinking leaves of that for the answer."""
SMALLEST_BUDGET = 1_024
MOST_WITHOUT = "high"
"""Thinking cannot be switched off with more effort than this."""


def levels(model: Model) -> tuple[str, ...]:
    """The levels to choose from, the least first; empty where there is nothing to choose.

    A model without efforts that takes a budget has the three levels a budget is chosen by.
    """
    off = (OFF,) if "disabled" in model.thinking else ()
    if model.efforts:
        return (*off, *(level for level in EFFORTS if level in model.efforts))
    return (*off, "low", "medium", "high") if "enabled" in model.thinking else off


def default_level(model: Model) -> str | None:
    """The level of a question that asks for none; None where there is nothing to choose."""
    there_are = levels(model)
    if model.default_effort in there_are:
        return model.default_effort
    return next(iter(there_are), None)


def level_of(model: Model, wanted: str | None) -> str | None:
    """`wanted` where the model has it, else its default."""
    return wanted if wanted in levels(model) else default_level(model)


def room(model: Model, level: str | None) -> int:
    """``max_tokens`` of a request: thinking and answer together."""
    return min(ROOM[level or "high"], model.max_output)


def parameters(
    model: Model, level: str | None, max_tokens: int, display: str | None
) -> dict[str, Any]:
    """``thinking`` and ``output_config`` of a request.

    They are part of what the prompt cache compares, so a level that is the default is said like
    any other. `display` None asks for no thinking, and leaves it to the model.
    """
    params = _thinking(model, level, max_tokens, display)
    if model.efforts and level is not None:
        effort = level
        if level == OFF:
            usual = model.default_effort or MOST_WITHOUT
            effort = min(usual, MOST_WITHOUT, key=EFFORTS.index)
        params["output_config"] = {"effort": effort}
    return params


def _thinking(
    model: Model, level: str | None, max_tokens: int, display: str | None
) -> dict[str, Any]:
    if level == OFF:
        return {"thinking": {"type": "disabled"}} if model.thinking_default_on else {}
    if display is None:
        return {}
    if "adaptive" in model.thinking:
        return {"thinking": {"type": "adaptive", "display": display}}
    budget = min(max_tokens, room(model, level)) - ANSWER
    if "enabled" in model.thinking and budget >= SMALLEST_BUDGET:
        return {"thinking": {"type": "enabled", "budget_tokens": budget, "display": display}}
    return {}
