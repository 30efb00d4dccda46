"""What the API refuses of tools and of their results."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .blocks import blocks_of, nested_blocks
from .errors import invalid

Json = dict[str, Any]

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MAX_STRICT, MAX_OPTIONAL, MAX_UNIONS = 20, 24, 16
DOMAIN = re.compile(r"[A-Za-z0-9.-]+(?:/\S*)?")
# what a schema cannot promise: the SDK moves these into descriptions
UNPROMISED = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
        *("minProperties", "maxProperties"),
    }
)


def check(body: Json) -> None:
    """Raise `ApiError` 400 for a tool, or a result of one, that cannot be."""
    tools = body.get("tools") or []
    _check_names(tools)
    strict = [tool for tool in tools if tool.get("strict") and "input_schema" in tool]
    for tool in tools:
        if "input_schema" in tool and tool["input_schema"].get("type") != "object":
            raise invalid(f"tools.{tool['name']}.input_schema.type: Input should be 'object'")
    _check_strict(strict)
    _check_web(tools)
    results = [
        (f"messages.{i}.content.{j}", block)
        for i, message in enumerate(body["messages"])
        for j, block in enumerate(blocks_of(message["content"]))
        if block["type"] == "tool_result"
    ]
    for path, block in results:
        _check_result(path, block)
    _check_results_of_web(tools, body)


def _check_names(tools: list[Json]) -> None:
    names = Counter(tool["name"] for tool in tools if "name" in tool)
    for name, count in names.items():
        if not TOOL_NAME.fullmatch(name):
            raise invalid("tools: name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'")
        if count > 1:
            raise invalid("tools: Tool names must be unique.", "tool_name_conflict")


def _check_strict(tools: list[Json]) -> None:
    if len(tools) > MAX_STRICT:
        raise invalid(f"tools: at most {MAX_STRICT} strict tools are supported per request")
    optional = unions = 0
    for tool in tools:
        for path, schema in _schemas(f"tools.{tool['name']}.input_schema", tool["input_schema"]):
            if wrong := sorted(UNPROMISED & schema.keys()):
                raise invalid(f"{path}: For strict tools, '{wrong[0]}' is not supported")
            unions += "anyOf" in schema or isinstance(schema.get("type"), list)
            if schema.get("type") != "object":
                continue
            if schema.get("additionalProperties") is not False:
                raise invalid(
                    f"{path}: For strict tools, 'additionalProperties' must be explicitly set to "
                    "false on objects"
                )
            properties = set(schema.get("properties") or {})
            required = set(schema.get("required") or ())
            if unknown := sorted(required - properties):
                raise invalid(f"{path}.required: '{unknown[0]}' is not a property")
            optional += len(properties - required)
    if optional > MAX_OPTIONAL:
        raise invalid(f"tools: at most {MAX_OPTIONAL} optional parameters in strict tools")
    if unions > MAX_UNIONS:
        raise invalid(f"tools: at most {MAX_UNIONS} parameters with union types in strict tools")


def _schemas(path: str, schema: Any) -> Iterator[tuple[str, Json]]:
    """A schema and those within it."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for name, inner in (schema.get("properties") or {}).items():
        yield from _schemas(f"{path}.properties.{name}", inner)
    for name in ("items", "additionalProperties"):
        yield from _schemas(f"{path}.{name}", schema.get(name))
    for n, inner in enumerate(schema.get("anyOf") or []):
        yield from _schemas(f"{path}.anyOf.{n}", inner)


def _check_web(tools: list[Json]) -> None:
    for tool in tools:
        if not str(tool.get("type", "")).startswith(("web_search_", "web_fetch_")):
            continue
        if tool.get("allowed_domains") and tool.get("blocked_domains"):
            raise invalid(
                f"tools.{tool['name']}: Only one of 'allowed_domains' or 'blocked_domains' may be "
                "given"
            )
        for domain in [*(tool.get("allowed_domains") or []), *(tool.get("blocked_domains") or [])]:
            if not DOMAIN.fullmatch(domain):
                raise invalid(
                    f"tools.{tool['name']}: invalid domain: {domain}. Leave out the scheme."
                )


def _check_result(path: str, block: Json) -> None:
    content = block.get("content")
    kinds = {part["type"] for part in content} if isinstance(content, list) else set()
    if "search_result" in kinds and len(kinds) > 1:
        raise invalid(
            f"{path}.tool_result: all content blocks must be search_result blocks when one is"
        )
    for part in content if isinstance(content, list) else ():
        if part["type"] == "search_result" and not part["content"]:
            raise invalid(f"{path}: search_result content must have at least 1 block")


def _check_results_of_web(tools: list[Json], body: Json) -> None:
    if not any(str(tool.get("type", "")).startswith("web_search_") for tool in tools):
        return
    for message in body["messages"]:
        for block in blocks_of(message["content"]):
            for part in nested_blocks(block):
                citing = (part.get("citations") or {}) if isinstance(part, dict) else {}
                if part.get("type") == "search_result" and not citing.get("enabled"):
                    raise invalid(
                        "messages: search_result blocks must have citations enabled when the "
                        "web_search tool is present"
                    )
