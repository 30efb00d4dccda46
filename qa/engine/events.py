"""What a running request tells its caller: a flat sequence of frozen events.

``Started`` comes first, ``Finished`` last; a failure raises ``EngineError`` instead.
Block numbers count text blocks only, from 0, in the order of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .limits import Limits


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and server tool calls of one API request, in the API's own field names.

    ``input_tokens`` is the uncached remainder only; ``output_tokens`` includes ``thinking_tokens``.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0
    thinking_tokens: int = 0
    web_search_requests: int = 0
    web_fetch_requests: int = 0
    service_tier: str = ""
    inference_geo: str = ""
    speed: str = ""

    @property
    def prompt_tokens(self) -> int:
        """Everything the model read: uncached, written to the cache and read from it."""
        return self.input_tokens + self.cache_creation_input_tokens + self.cache_read_input_tokens

    def updated(self, raw: Mapping[str, Any]) -> Usage:
        """This usage with what `raw` (a usage object in the API's nesting) knows better.

        Values that are absent or null keep what was known: a ``message_delta`` carries neither
        the 5m/1h split nor the service tier of its ``message_start``.
        """
        flat: dict[str, Any] = dict(raw)
        for nested in ("cache_creation", "output_tokens_details", "server_tool_use"):
            flat.update(flat.pop(nested, None) or {})
        return Usage(
            **{
                field.name: getattr(self, field.name)
                if flat.get(field.name) is None
                else flat[field.name]
                for field in fields(self)
            }
        )

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Usage:
        """Read a usage object in the API's nesting (as ``as_dict`` writes it)."""
        return cls().updated(raw)

    def as_dict(self) -> dict[str, Any]:
        """The API's own nesting; texts that are not known are None."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_creation_input_tokens": self.cache_creation_input_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.ephemeral_5m_input_tokens,
                "ephemeral_1h_input_tokens": self.ephemeral_1h_input_tokens,
            },
            "output_tokens_details": {"thinking_tokens": self.thinking_tokens},
            "server_tool_use": {
                "web_search_requests": self.web_search_requests,
                "web_fetch_requests": self.web_fetch_requests,
            },
            "service_tier": self.service_tier or None,
            "inference_geo": self.inference_geo or None,
            "speed": self.speed or None,
        }


@dataclass(frozen=True, slots=True)
class Missed:
    """Why a request could not read all that the one before it had left in the prompt cache.

    `reason` is the API's word for it; `tokens` about how many were missed, 0 where it does not say.
    """

    reason: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Started:
    """The API took the request; `model` is the one it says it used, `limits` those it names."""

    message_id: str
    model: str
    request_id: str | None
    usage: Usage
    limits: Limits | None = None
    missed: Missed | None = None


@dataclass(frozen=True, slots=True)
class Thinking:
    """A piece of summarised reasoning. It may be empty: the model thinks, but does not show it."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text to append to `block`."""

    block: int
    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation of `block`, as the API sent it; it may arrive before the text or after it."""

    block: int
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BlockEnded:
    block: int


@dataclass(frozen=True, slots=True)
class Called:
    """A tool is used: one of ours, to be run after ``Finished``, or a server's, run by the API.

    What the model said before it was not the answer, unless it cited something.
    """

    id: str
    name: str
    input: dict[str, Any]
    server: bool = False


@dataclass(frozen=True, slots=True)
class WebPage:
    """What a server's tool found; `text` is there for a page that was fetched."""

    url: str
    title: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Browsed:
    """What came of a call of a server's tool: pages, or the code of an error."""

    call: str
    pages: tuple[WebPage, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """The response is complete, or cut at ``max_tokens``: look at `stop_reason`.

    `content` is what to send back after ``tool_use`` and ``pause_turn``.
    """

    stop_reason: str
    stop_details: dict[str, Any] | None
    usage: Usage
    first_text_ms: int | None
    total_ms: int
    content: tuple[dict[str, Any], ...] = ()
    message_id: str | None = None


Event = Started | Thinking | Text | Cited | BlockEnded | Called | Browsed | Finished
