"""What has been done with tools for the newest question, and what was found."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .blocks import blocks_of, document_blocks, nested_blocks

Json = dict[str, Any]


@dataclass(frozen=True)
class SearchResult:
    """A search_result block; `index` counts all of a request, as its citations do."""

    index: int
    source: str
    title: str
    texts: tuple[str, ...]
    cited: bool


@dataclass(frozen=True)
class WebPage:
    """What a web tool has returned: a search's hit, or (`fetched`: its document_index) a page."""

    url: str
    title: str
    secret: str
    fetched: int | None = None


@dataclass(frozen=True)
class Turn:
    """`tools` are the client's that may be called now, `web` the server's. `uses` are the calls of
    the answer that is being written, in order; `rounds`, how often results came back for it."""

    tools: tuple[Json, ...] = ()
    web: tuple[Json, ...] = ()
    must: Json | None = None  # a tool_choice that forces a call
    parallel: bool = True
    uses: tuple[Json, ...] = ()
    rounds: int = 0
    results: tuple[SearchResult, ...] = ()
    pages: tuple[WebPage, ...] = ()
    documents: int = 0  # document blocks of the request, pages that were fetched among them

    @property
    def fetched(self) -> set[int]:
        return {page.fetched for page in self.pages if page.fetched is not None}


def read_turn(body: Json) -> Turn:
    """Read a body that passed `schema` and `rules`."""
    choice = body.get("tool_choice") or {"type": "auto"}
    offered = [] if choice["type"] == "none" else list(body.get("tools") or [])
    messages = _since_question(body["messages"])
    made = [block for message in messages for block in blocks_of(message["content"])]
    documents = sum(1 for _ in document_blocks(body))
    # pages fetched for this answer stand last among the documents
    first = documents - sum(_fetched(block) for block in made)
    return Turn(
        tools=tuple(tool for tool in offered if "input_schema" in tool),
        web=tuple(tool for tool in offered if _is_web(tool)),
        must=choice if choice["type"] in ("any", "tool") else None,
        parallel=not choice.get("disable_parallel_tool_use"),
        uses=tuple(block for block in made if block["type"] in ("tool_use", "server_tool_use")),
        rounds=sum(_gives_results(message) for message in messages),
        results=tuple(_results(body)),
        pages=tuple(_pages(made, first)),
        documents=documents,
    )


def _is_web(tool: Json) -> bool:
    return str(tool.get("type", "")).startswith(("web_search_", "web_fetch_"))


def _gives_results(message: Json) -> bool:
    return message["role"] == "user" and any(
        block["type"] == "tool_result" for block in blocks_of(message["content"])
    )


def _since_question(messages: list[Json]) -> list[Json]:
    """The messages after the newest one in which the user asks something."""
    asked = [
        i
        for i, message in enumerate(messages)
        if message["role"] == "user" and not _gives_results(message)
    ]
    return messages[asked[-1] + 1 :] if asked else messages


def _results(body: Json) -> list[SearchResult]:
    found: list[SearchResult] = []
    for message in body["messages"]:
        for block in blocks_of(message["content"]):
            for part in nested_blocks(block):
                if part.get("type") == "search_result":
                    texts = tuple(piece["text"] for piece in part["content"])
                    cited = bool((part.get("citations") or {}).get("enabled"))
                    found.append(
                        SearchResult(len(found), part["source"], part["title"], texts, cited)
                    )
    return found


def with_pages(turn: Turn, made: list[Json]) -> Turn:
    """The turn with what web tools have just returned: `made` is not in the request yet."""
    return replace(turn, pages=(*turn.pages, *_pages(made, turn.documents)))


def _pages(made: list[Json], first: int) -> Iterator[WebPage]:
    """What web tools returned, in order; the pages they fetched are documents from `first` on."""
    for block in made:
        if block["type"] == "web_search_tool_result" and isinstance(block["content"], list):
            for hit in block["content"]:
                yield WebPage(hit["url"], hit["title"], hit["encrypted_content"])
        elif _fetched(block):
            content = block["content"]
            yield WebPage(content["url"], content["content"].get("title") or "", "", first)
            first += 1


def _fetched(block: Json) -> bool:
    return (
        block["type"] == "web_fetch_tool_result" and block["content"]["type"] == "web_fetch_result"
    )
