"""Answers in a given format: how hard a question is, told from its words; and what may be asked of
a document, told from its headings; and a summary, made of the beginnings of what was said.

Only what this server can tell honestly is filled in; any other schema is refused, and says so.
"""

import json
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from .errors import invalid

Json = dict[str, Any]

DIFFICULTIES = ("simple", "ordinary", "hard")
_HARD = re.compile(
    r"\b(compar\w+|differ\w*|versus|vs|contrast|draft\w*|redraft\w*|rewrite|prepare|analy[sz]e\w*"
    r"|assess\w*|evaluat\w+|reconcil\w+|conflict\w*|contradict\w*|consisten\w+|risks?|advise"
    r"|strateg\w+|step by step|negotiat\w+|memo(randum)?|across|every (document|contract))\b",
    re.I,
)
_SIMPLE = re.compile(
    r"^\W*(who|when|where|which|what (is|are|was) the|what day|what date|how (much|many|long)"
    r"|is there|does it|on what date|name the|give the)\b",
    re.I,
)
SIMPLE_WORDS = 14  # a look-up is no longer than this


_HEADING = re.compile(
    r"^[ \t]*(?:(?:ARTICLE|Article|SECTION|Section)[ ]+[\dIVX.]+[.:]?|\d{1,2}(?:\.\d{1,2})*[.)]?)"
    r"[ \t]+([A-Z][\w ,&’'-]{2,58}?)[ \t]*(?:[.:]|$)",
    re.M,
)
HEADINGS = 4
BEGINNING = 160
SUMMARY = 3_000


def check(schema: Json) -> None:
    """Raises `ApiError` 400 for a schema that cannot be filled here."""
    for name, wanted in (schema.get("properties") or {}).items():
        plain = name in ("reason", "summary") and wanted.get("type") == "string"
        if not (_difficulty(wanted) or plain or _questions(name, wanted)):
            raise invalid(
                f"output_config.format: this local server cannot fill in {name!r}; it answers from "
                "the words of the documents and of the question"
            )


def text(schema: Json, question: str, documents: Iterable[str] = ()) -> str:
    """The answer's JSON for a question about documents of these texts."""
    level, reason = difficulty(question)
    filled: Json = {}
    for name, wanted in (schema.get("properties") or {}).items():
        if name == "summary":
            filled[name] = beginnings(question)
        elif _questions(name, wanted):
            filled[name] = [f"What is said about {one}?" for one in headings(documents)]
        else:
            filled[name] = level if _difficulty(wanted) else reason
    return json.dumps(filled, ensure_ascii=False)


def headings(documents: Iterable[str]) -> list[str]:
    """The first numbered headings, without their numbers; none where there are none."""
    found = (match[1].strip() for text in documents for match in _HEADING.finditer(text))
    return list(islice(dict.fromkeys(found), HEADINGS))


def beginnings(text: str) -> str:
    """The beginning of each line: a summary that says nothing of its own. Of a line of JSON, what
    its values begin with; a summary among them stays as it is."""
    lines = [_beginning(line.strip()) for line in text.splitlines() if line.strip()]
    return "\n".join(lines)[:SUMMARY]


def _beginning(line: str) -> str:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return _short(line)
    if isinstance(said.get("summary"), str):
        return str(said["summary"])
    return " – ".join(_short(one) for one in said.values() if isinstance(one, str) and one)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= BEGINNING else line[:BEGINNING].rsplit(" ", 1)[0] + " …"


def _questions(name: str, wanted: Json) -> bool:
    items = wanted.get("items") or {}
    return name == "questions" and wanted.get("type") == "array" and items.get("type") == "string"


def difficulty(question: str) -> tuple[str, str]:
    """How hard a question is, and why."""
    words = question.split()
    if (found := _HARD.search(question)) is not None:
        return "hard", f"“{found[0]}” asks for more than one passage."
    if question.count("?") > 1:
        return "hard", "It asks several things at once."
    if len(words) <= SIMPLE_WORDS and (found := _SIMPLE.match(question)) is not None:
        return "simple", f"“{found[0].strip()}” asks for one fact."
    return "ordinary", "It is neither a look-up nor a comparison."


def _difficulty(wanted: Json) -> bool:
    return {str(one).lower() for one in wanted.get("enum") or ()} == set(DIFFICULTIES)
