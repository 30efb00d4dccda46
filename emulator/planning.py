"""A request is validated, read and looked up in the cache, and its answer composed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import answer, models, rules, schema
from .cache import CacheUse
from .errors import too_long
from .faults import Fault
from .prompt import Prompt, read_prompt
from .turn import read_turn

if TYPE_CHECKING:
    from .app import Emulator

Json = dict[str, Any]


@dataclass(frozen=True)
class Planned:
    """A request that was accepted: its answer is known before its first byte is sent."""

    account: str
    prompt: Prompt
    use: CacheUse
    message: Json


def plan(emulator: Emulator, account: str, body: Json, fault: Fault | None) -> Planned:
    """Validate, read the prompt, look up the cache and compose the answer. Raises `ApiError`."""
    schema.validate_create(body)
    model = models.find_usable(body["model"])
    rules.check(model, body)
    rules.check_create(model, body)
    prompt = read_prompt(model, body, lambda id_, block: emulator.files.load(account, id_, block))
    if prompt.tokens > model.window:
        raise too_long(prompt.tokens, model.window)
    use = emulator.cache.look_up(account, prompt)
    composed = answer.compose(emulator.library, prompt, read_turn(body), _shape(model, body, fault))
    id_ = "msg_01" + secrets.token_hex(11)
    message = answer.message(id_, prompt, use, composed, body.get("speed"))
    asked = body.get("diagnostics")
    message["diagnostics"] = emulator.diagnoses.diagnose(account, asked, prompt.identity, use)
    message["usage"]["inference_geo"] = body.get("inference_geo") or "local"
    return Planned(account, prompt, use, message)


def _shape(model: models.Model, body: Json, fault: Fault | None) -> answer.Shape:
    display = None
    if rules.thinks(model, body):
        display = (body.get("thinking") or {}).get("display") or model.thinking.display
    config = body.get("output_config") or {}
    return answer.Shape(
        body["max_tokens"],
        display,
        tuple(body.get("stop_sequences") or ()),
        fault,
        config.get("effort"),
        (body.get("thinking") or {}).get("budget_tokens"),
        (config.get("format") or {}).get("schema"),
    )
