"""Which tools are called for a question, and with what: keywords drawn from the question.

A tool is known by the parameters of its schema: `queries` makes it a search, `first` and `last` a
reader of a part of one document. What else it takes gets the plainest value of its type.
"""

import re
import secrets
from typing import Any

from . import terms
from .turn import Turn

Json = dict[str, Any]

QUERY_WORDS = 6  # of a query
SHORT_QUERY = 3
HANDLE = re.compile(r"(\w+) · ")
_PAGES = re.compile(r"\bpages? (\d+)(?: ?(?:to|and|-|–) ?(\d+))?", re.IGNORECASE)


def calls(turn: Turn, questions: tuple[str, ...], *, more: bool = False) -> list[Json]:
    """The tool_use blocks to answer with; empty when it is time to answer in words.

    First it searches and looks what there is; when nothing was found it searches once more, and
    when the question names pages it reads them. With `more` it calls a tool whatever it has found.
    """
    if not turn.tools:
        return []
    question = questions[-1] if questions else ""
    planned = _planned(turn, question, questions[:-1])
    if not planned and (more or turn.must):
        planned = [(turn.tools[0], _plainest(turn.tools[0]["input_schema"], question))]
    if turn.must and turn.must["type"] == "tool":
        named = [tool for tool in turn.tools if tool["name"] == turn.must["name"]]
        planned = [(tool, _filled(tool, question, turn.rounds)) for tool in named]
    if not turn.parallel:
        planned = planned[:1]
    return [_use(tool["name"], input_) for tool, input_ in planned]


def _planned(turn: Turn, question: str, before: tuple[str, ...]) -> list[tuple[Json, Json]]:
    search = _taking(turn, "queries")
    listing = next((t for t in turn.tools if t["name"].startswith("list")), None)
    reader = _taking(turn, "first", "last")
    asked = question if keywords(question) else " ".join((*before[-1:], question))
    if turn.rounds == 0:
        chosen = [tool for tool in (search, listing) if tool]
        return [(tool, _filled(tool, asked, 0)) for tool in chosen or turn.tools[:1]]
    if turn.rounds > 2:
        return []
    if search and not turn.results:
        return [(search, _filled(search, asked, 1))] if turn.rounds == 1 else []
    pages, handle = _PAGES.search(question), _handle(turn)
    if turn.rounds == 1 and reader and pages and handle:
        filled = _plainest(reader["input_schema"], asked)
        span = {"first": int(pages[1]), "last": int(pages[2] or pages[1])}
        return [(reader, filled | span | {"document": handle})]
    return []


def _taking(turn: Turn, *parameters: str) -> Json | None:
    def takes(tool: Json) -> bool:
        return set(parameters) <= set(tool["input_schema"].get("properties") or {})

    return next((tool for tool in turn.tools if takes(tool)), None)


def _handle(turn: Turn) -> str | None:
    found = [HANDLE.match(result.title) for result in turn.results]
    return next((match[1] for match in found if match), None)


def _filled(tool: Json, question: str, again: int) -> Json:
    filled = _plainest(tool["input_schema"], question)
    if "queries" in filled:
        filled["queries"] = queries(question, wider=again > 0)
    return filled


def queries(question: str, *, wider: bool = False) -> list[str]:
    """Two keyword queries in the question's words: all of them, and the longest; or, `wider`, its
    longest words one by one."""
    words = keywords(question) or ["agreement"]
    longest = sorted(words, key=len, reverse=True)[:SHORT_QUERY]
    if wider:
        return longest[:2]
    short = [word for word in words if word in longest]
    return list(dict.fromkeys([" ".join(words[:QUERY_WORDS]), " ".join(short)]))


def keywords(question: str) -> list[str]:
    return list(dict.fromkeys(terms.plain(question)))


def _plainest(schema: Json, question: str) -> Json:
    """A value for each property that is required, or for all when none is said to be."""
    properties = schema.get("properties") or {}
    wanted = schema.get("required") or list(properties)
    return {name: _plain_value(properties[name], name, question) for name in wanted}


def _plain_value(schema: Json, name: str, question: str) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "string" and name in ("query", "question"):
        return " ".join(keywords(question)[:QUERY_WORDS])
    plain: dict[str, Any] = {
        **{"string": "", "integer": 1, "number": 1, "boolean": False},
        **{"array": [], "null": None},
    }
    return _plainest(schema, question) if kind == "object" else plain[kind]


def _use(name: str, input_: Json) -> Json:
    return {
        "type": "tool_use",
        "id": "toolu_01" + secrets.token_hex(11),
        "name": name,
        "input": input_,
        "caller": {"type": "direct"},
    }
