"""The models this server knows, what each of them accepts, and the Models API's view of that."""

from dataclasses import dataclass
from typing import Any, Literal

from .errors import not_found

Verdict = Literal["yes", "no", "up to high effort"]

EFFORTS = ("low", "medium", "high", "xhigh", "max")
# Effort levels that forbid switching thinking off where the verdict is "up to high effort".
ABOVE_HIGH = frozenset({"xhigh", "max"})


@dataclass(frozen=True)
class Thinking:
    """Which `thinking.type` a model accepts, what happens without one, and what is shown of it."""

    on_by_default: bool = True
    adaptive: Verdict = "yes"
    disabled: Verdict = "no"
    enabled: Verdict = "no"
    between_tools: Verdict = "no"
    display: Literal["omitted", "summarized"] = "omitted"


ALWAYS = Thinking()
SONNET_5_5 = Thinking(between_tools="up to high effort")
CAN_STOP_UP_TO_HIGH = Thinking(disabled="up to high effort")
CAN_STOP = Thinking(disabled="yes")
OPTIONAL = Thinking(on_by_default=False, disabled="yes")
OPTIONAL_4_6 = Thinking(on_by_default=False, disabled="yes", enabled="yes", display="summarized")
BUDGET_ONLY = Thinking(
    on_by_default=False, adaptive="no", disabled="yes", enabled="yes", display="summarized"
)


@dataclass(frozen=True)
class Model:
    """One model: identity, limits and what it accepts. Dates are ISO days (UTC)."""

    id: str
    name: str
    line: str
    created: str
    thinking: Thinking
    alias: str | None = None
    window: int = 1_000_000
    max_output: int = 128_000
    efforts: tuple[str, ...] = EFFORTS
    forced_tools: Literal["yes", "no", "with thinking off"] = "yes"
    prefill: bool = False
    late_system: bool = True  # accepts messages with role "system"
    new_tokenizer: bool = True
    cache_minimum: int = 512  # tokens; a shorter prefix is not cached, without a word
    places: bool = True  # accepts `inference_geo`
    lifecycle: Literal["active", "deprecated", "retired"] = "active"
    deprecated: str | None = None
    retires: str | None = None

    @property
    def longest_side(self) -> int:
        """Pixels that an image's longer side is scaled down to: more from Opus 4.7 on."""
        return 2_576 if self.new_tokenizer else 1_568

    @property
    def image_tokens(self) -> int:
        """The most that one image costs."""
        return 4_784 if self.new_tokenizer else 1_568

    def info(self) -> dict[str, Any]:
        """The Models API's object."""
        return {
            "type": "model",
            "id": self.id,
            "display_name": self.name,
            "created_at": _midnight(self.created),
            "lifecycle": self.lifecycle,
            "deprecated_at": _midnight(self.deprecated),
            "retires_at": _midnight(self.retires),
            "line": self.line,
            "max_input_tokens": self.window,
            "max_tokens": self.max_output,
            "capabilities": self._capabilities(),
        }

    def _capabilities(self) -> dict[str, Any]:
        return {
            "batch": _support(True),
            "citations": _support(True),
            "code_execution": _support(True),
            "image_input": _support(True),
            "pdf_input": _support(True),
            "structured_outputs": _support(True),
            "context_management": {
                "supported": True,
                "clear_thinking_20251015": _support(True),
                "clear_tool_uses_20250919": _support(True),
                "compact_20260112": _support(self.window == 1_000_000),
            },
            "effort": {
                "supported": bool(self.efforts),
                **{level: _support(level in self.efforts) for level in EFFORTS},
            },
            "server_tools": {
                "supported": True,
                "code_execution": _support(True),
                "web_search": _support(True),
            },
            "thinking": {
                "supported": True,
                "types": {
                    kind: _support(getattr(self.thinking, kind) != "no")
                    for kind in ("adaptive", "between_tools", "disabled", "enabled")
                },
            },
        }


def _midnight(day: str | None) -> str | None:
    return f"{day}T00:00:00Z" if day else None


def _support(supported: bool) -> dict[str, bool]:
    return {"supported": supported}


_UP_TO_MAX = ("low", "medium", "high", "max")
_SMALL: dict[str, Any] = {
    "window": 200_000,
    "max_output": 64_000,
    "thinking": BUDGET_ONLY,
    "forced_tools": "with thinking off",
    "prefill": True,
    "late_system": False,
    "new_tokenizer": False,
    "places": False,
}

# Newest first, as the list is answered.
MODELS: tuple[Model, ...] = (
    Model("claude-fable-5-2", "Claude Fable 5.2", "fable", "2026-11-09", ALWAYS, forced_tools="no"),
    Model(
        "claude-mythos-5-2", "Claude Mythos 5.2", "mythos", "2026-11-09", ALWAYS, forced_tools="no"
    ),
    Model("claude-haiku-5-5", "Claude Haiku 5.5", "haiku", "2026-10-07", CAN_STOP_UP_TO_HIGH),
    Model(
        "claude-sonnet-5-5",
        "Claude Sonnet 5.5",
        "sonnet",
        "2026-09-28",
        SONNET_5_5,
        forced_tools="no",
        late_system=False,
    ),
    Model("claude-opus-5-5", "Claude Opus 5.5", "opus", "2026-09-22", ALWAYS, forced_tools="no"),
    Model("claude-fable-5-1", "Claude Fable 5.1", "fable", "2026-09-01", ALWAYS, forced_tools="no"),
    Model(
        "claude-mythos-5-1", "Claude Mythos 5.1", "mythos", "2026-09-01", ALWAYS, forced_tools="no"
    ),
    Model(
        "claude-sonnet-5",
        "Claude Sonnet 5",
        "sonnet",
        "2026-06-30",
        CAN_STOP,
        late_system=False,
        cache_minimum=1_024,
    ),
    Model("claude-fable-5", "Claude Fable 5", "fable", "2026-06-09", ALWAYS),
    Model("claude-mythos-5", "Claude Mythos 5", "mythos", "2026-06-09", ALWAYS),
    Model("claude-opus-5", "Claude Opus 5", "opus", "2026-07-24", CAN_STOP_UP_TO_HIGH),
    Model(
        "claude-opus-4-8",
        "Claude Opus 4.8",
        "opus",
        "2026-05-28",
        OPTIONAL,
        forced_tools="with thinking off",
        cache_minimum=1_024,
    ),
    Model(
        "claude-opus-4-7",
        "Claude Opus 4.7",
        "opus",
        "2026-04-16",
        OPTIONAL,
        forced_tools="with thinking off",
        late_system=False,
        cache_minimum=2_048,
    ),
    Model(
        "claude-sonnet-4-6",
        "Claude Sonnet 4.6",
        "sonnet",
        "2026-02-17",
        OPTIONAL_4_6,
        efforts=_UP_TO_MAX,
        forced_tools="with thinking off",
        late_system=False,
        new_tokenizer=False,
        cache_minimum=1_024,
    ),
    Model(
        "claude-opus-4-6",
        "Claude Opus 4.6",
        "opus",
        "2026-02-05",
        OPTIONAL_4_6,
        efforts=_UP_TO_MAX,
        forced_tools="with thinking off",
        late_system=False,
        new_tokenizer=False,
        cache_minimum=4_096,
    ),
    Model(
        "claude-opus-4-5-20251101",
        "Claude Opus 4.5",
        "opus",
        "2025-11-24",
        alias="claude-opus-4-5",
        efforts=("low", "medium", "high"),
        **_SMALL,
        cache_minimum=4_096,
    ),
    Model(
        "claude-haiku-4-5-20251001",
        "Claude Haiku 4.5",
        "haiku",
        "2025-10-15",
        alias="claude-haiku-4-5",
        efforts=(),
        **_SMALL,
        cache_minimum=4_096,
    ),
    Model(
        "claude-sonnet-4-5-20250929",
        "Claude Sonnet 4.5",
        "sonnet",
        "2025-09-29",
        alias="claude-sonnet-4-5",
        efforts=(),
        lifecycle="deprecated",
        deprecated="2026-08-31",
        retires="2026-11-30",
        **_SMALL,
        cache_minimum=1_024,
    ),
    Model(
        "claude-mythos-preview",
        "Claude Mythos Preview",
        "mythos",
        "2026-04-07",
        ALWAYS,
        lifecycle="retired",
        deprecated="2026-06-09",
        retires="2026-06-30",
    ),
)

_BY_NAME = {name: model for model in MODELS for name in (model.id, model.alias) if name}


def find(name: str) -> Model:
    """The model of an id or alias, retired ones included. Raises `ApiError` 404 for anything
    else."""
    if name not in _BY_NAME:
        raise not_found(f"model: {name}")
    return _BY_NAME[name]


def find_usable(name: str) -> Model:
    """The model of an id or alias that still answers. Raises `ApiError` 404 otherwise."""
    model = find(name)
    if model.lifecycle == "retired":
        raise not_found(f"model: {name}")
    return model
