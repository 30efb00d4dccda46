"""What the API refuses although the body has the right shape. Every rule raises `ApiError`."""

from typing import Any

from . import structured, tool_rules
from .blocks import blocks_of, document_blocks, nested_blocks
from .errors import invalid
from .models import ABOVE_HIGH, Model
from .pieces import UNCACHEABLE

Json = dict[str, Any]

MAX_BREAKPOINTS = 4
PLACES = ("global", "us")
MIN_THINKING_BUDGET = 1024
ONLY_USER = frozenset({"document", "tool_result"})
ONLY_ASSISTANT = frozenset({"tool_use", "server_tool_use", "thinking", "redacted_thinking"})


def check(model: Model, body: Json) -> None:
    """Everything `messages` and `count_tokens` refuse alike."""
    _check_messages(body["messages"])
    _check_last_message(model, body["messages"])
    _check_tool_turns(body["messages"])
    _check_system_messages(model, body["messages"])
    tool_rules.check(body)
    _check_effort(model, body)
    _check_thinking(model, body)
    _check_tool_choice(model, body)
    _check_citations(body)
    _check_breakpoints(body)


def check_create(model: Model, body: Json) -> None:
    """What only `messages` refuses: limits of the answer, and pre-warming."""
    maximum = body["max_tokens"]
    if maximum < 0:
        raise invalid("max_tokens: Input should be greater than or equal to 0")
    if maximum > model.max_output:
        raise invalid(
            f"max_tokens: {maximum} > {model.max_output}, which is the maximum allowed number of "
            f"output tokens for {model.id}"
        )
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled" and thinking["budget_tokens"] >= maximum:
        raise invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if any(not sequence.strip() for sequence in body.get("stop_sequences") or []):
        raise invalid("stop_sequences: each stop sequence must contain non-whitespace")
    _check_place(model, body.get("inference_geo"))
    if maximum == 0:
        _check_prewarming(model, body)
    if (form := (body.get("output_config") or {}).get("format")) is not None:
        structured.check(form["schema"])


def _check_place(model: Model, place: str | None) -> None:
    if place is None:
        return
    if place not in PLACES:
        raise invalid(f"inference_geo: Input should be {' or '.join(map(repr, PLACES))}")
    if not model.places:
        raise invalid(f"inference_geo: {model.id} does not support choosing where it runs")


def check_count(body: Json) -> None:
    for message in body["messages"]:
        for block in blocks_of(message["content"]):
            for part in nested_blocks(block):
                if (part.get("source") or {}) and _source_type(part) == "file":
                    raise invalid("File sources are not supported in the token counting endpoint.")


def thinks(model: Model, body: Json) -> bool:
    """Whether the answer starts with a thinking block."""
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        return False
    thinking = body.get("thinking")
    if thinking is None:
        return model.thinking.on_by_default
    return thinking["type"] in ("adaptive", "enabled")


def _between_tools(body: Json) -> bool:
    return (body.get("thinking") or {}).get("type") == "between_tools"


def _source_type(part: Json) -> str | None:
    return part["source"].get("type") if isinstance(part.get("source"), dict) else None


def _check_prewarming(model: Model, body: Json) -> None:
    """`max_tokens: 0` only reads the prompt: nothing may be asked for that needs an answer."""
    forced = (body.get("tool_choice") or {}).get("type") in ("any", "tool")
    forbidden = {
        "stream: true": body.get("stream") is True,
        "a forced tool_choice": forced,
        "output_config.format": bool((body.get("output_config") or {}).get("format")),
        # also where it is on without being asked for, or cannot be switched off
        "thinking": thinks(model, body) or _between_tools(body),
    }
    for what, present in forbidden.items():
        if present:
            raise invalid(f"max_tokens: 0 is not supported together with {what}")


def _check_messages(messages: list[Json]) -> None:
    if not messages:
        raise invalid("messages: at least one message is required")
    if messages[0]["role"] != "user":
        raise invalid('messages: first message must use the "user" role')
    for i, message in enumerate(messages):
        last = i == len(messages) - 1
        if not message["content"] and not (last and message["role"] == "assistant"):
            raise invalid(f"messages.{i}: {message['role']} messages must have non-empty content")
        for j, block in enumerate(blocks_of(message["content"])):
            _check_block(f"messages.{i}.content.{j}", message["role"], block)


def _check_block(path: str, role: str, block: Json) -> None:
    kind = block["type"]
    if role != "user" and kind in ONLY_USER:
        raise invalid(f"{path}: `{kind}` blocks are only permitted in `user` messages")
    if role != "assistant" and kind in ONLY_ASSISTANT:
        raise invalid(f"{path}: `{kind}` blocks can only be in `assistant` messages")
    if role == "user" and kind == "text" and block.get("citations"):
        raise invalid(f"{path}.text.citations: Extra inputs are not permitted")
    if kind == "search_result" and any(part.get("citations") for part in block["content"]):
        raise invalid(f"{path}.search_result.content.citations: Extra inputs are not permitted")
    if kind == "text" and not block["text"].strip():
        if block.get("cache_control"):
            raise invalid(f"{path}: cache_control cannot be set for empty text blocks")
        raise invalid("messages: text content blocks must contain non-whitespace text")
    if kind == "document" and block["source"]["type"] == "text" and not block["source"]["data"]:
        raise invalid(f"{path}.document.source.text.data: String should have at least 1 character")


def _check_last_message(model: Model, messages: list[Json]) -> None:
    if messages[-1]["role"] != "assistant":
        return
    blocks = blocks_of(messages[-1]["content"])
    # A server tool's pause is continued by sending the assistant turn back.
    kind = blocks[-1]["type"] if blocks else ""
    if kind == "server_tool_use" or kind.endswith("_tool_result"):
        return
    if not model.prefill:
        raise invalid(
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )


def _check_tool_turns(messages: list[Json]) -> None:
    for i, message in enumerate(messages):
        blocks = blocks_of(message["content"])
        asked = [b["id"] for b in blocks if b["type"] == "tool_use"]
        before = blocks_of(messages[i - 1]["content"]) if i else []
        known = {b["id"] for b in before if b["type"] == "tool_use"}
        for block in blocks:
            if block["type"] == "tool_result" and block["tool_use_id"] not in known:
                raise invalid(
                    f"messages.{i}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{block['tool_use_id']}"
                )
        following = blocks_of(messages[i + 1]["content"]) if i + 1 < len(messages) else []
        leading = _leading_results(following)
        missing = [id_ for id_ in asked if id_ not in leading]
        if missing:
            raise invalid(
                f"messages.{i}: `tool_use` ids were found without `tool_result` blocks immediately "
                f"after: {', '.join(missing)}"
            )


def _leading_results(blocks: list[Json]) -> set[str]:
    ids: set[str] = set()
    for block in blocks:
        if block["type"] != "tool_result":
            break
        ids.add(block["tool_use_id"])
    return ids


def _check_system_messages(model: Model, messages: list[Json]) -> None:
    for i, message in enumerate(messages):
        if message["role"] != "system":
            continue
        if not model.late_system:
            raise invalid(f"messages.{i}: role 'system' is not supported on this model")
        if messages[i - 1]["role"] == "system":
            raise invalid(f"messages.{i}: a system message must follow a user turn")
        if i + 1 < len(messages) and messages[i + 1]["role"] != "assistant":
            raise invalid(
                f"messages.{i}: a system message must be last or be followed by an assistant turn"
            )


def _check_effort(model: Model, body: Json) -> None:
    effort = (body.get("output_config") or {}).get("effort")
    if effort and effort not in model.efforts:
        raise invalid(f'output_config.effort: "{effort}" is not supported on this model.')


def _check_thinking(model: Model, body: Json) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking["type"]
    verdict = getattr(model.thinking, kind)
    if verdict == "no":
        raise invalid(
            f'"thinking.type.{kind}" is not supported for this model. Use '
            + (
                '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
                if model.thinking.adaptive == "yes"
                else '"thinking.type.enabled" and "thinking.budget_tokens".'
            )
        )
    effort = (body.get("output_config") or {}).get("effort")
    if verdict == "up to high effort" and effort in ABOVE_HIGH:
        raise invalid(f'"thinking.type.{kind}" is not supported with effort "{effort}".')
    if kind == "enabled" and thinking["budget_tokens"] < MIN_THINKING_BUDGET:
        raise invalid(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
        )


def _check_tool_choice(model: Model, body: Json) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not body.get("tools") and choice["type"] != "none":
        raise invalid("tool_choice: may only be specified while providing tools.")
    if choice["type"] not in ("any", "tool"):
        return
    if model.forced_tools == "no":
        raise invalid('tool_choice: type "tool" and "any" are not supported for this model.')
    thinking = (body.get("thinking") or {}).get("type")
    if model.forced_tools == "with thinking off" and thinking in ("adaptive", "enabled"):
        raise invalid("Thinking may not be enabled when tool_choice forces tool use.")
    if choice["type"] == "tool" and choice["name"] not in {t.get("name") for t in body["tools"]}:
        raise invalid(f"tool_choice: Tool '{choice['name']}' not found in provided tools")


def _check_citations(body: Json) -> None:
    documents = [_citing(block) for block in document_blocks(body)]
    results = [
        _citing(part)
        for message in body["messages"]
        for block in blocks_of(message["content"])
        for part in nested_blocks(block)
        if part.get("type") == "search_result"
    ]
    for what, flags in (("document", documents), ("search_result", results)):
        if len(set(flags)) > 1:
            raise invalid(
                f"messages: citations.enabled must be the same on every {what} block of a request"
            )
    if any(documents + results) and (body.get("output_config") or {}).get("format"):
        raise invalid("output_config.format: citations cannot be used with structured outputs")


def _citing(block: Json) -> bool:
    return bool((block.get("citations") or {}).get("enabled"))


def _check_breakpoints(body: Json) -> None:
    blocks = [*(body.get("tools") or []), *blocks_of(body.get("system"))]
    for message in body["messages"]:
        blocks += blocks_of(message["content"])
    controls = [
        part["cache_control"]
        for block in blocks
        for part in nested_blocks(block)
        if part.get("cache_control")
    ]
    ttls = [control.get("ttl") or "5m" for control in controls]
    automatic = body.get("cache_control")
    if automatic:
        ttl = automatic.get("ttl") or "5m"
        cacheable = [block for block in blocks if block.get("type") not in UNCACHEABLE]
        on_last = (cacheable[-1].get("cache_control") or {}) if cacheable else {}
        if not on_last:
            ttls.append(ttl)
        elif (on_last.get("ttl") or "5m") != ttl:
            raise invalid("cache_control: the last block already has a breakpoint with another ttl")
    if len(ttls) > MAX_BREAKPOINTS:
        raise invalid(
            f"A maximum of {MAX_BREAKPOINTS} blocks with cache_control may be provided. "
            f"Found {len(ttls)}."
        )
    if "5m" in ttls and "1h" in ttls[ttls.index("5m") :]:
        raise invalid(
            "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. "
            "Blocks are processed in the order `tools`, `system`, `messages`."
        )
