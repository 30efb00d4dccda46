"""Answers in a given format: how hard a question is, told from its words.

Only what this server can tell honestly is filled in; any other schema is refused, and says so.
"""

import json
import re
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


def check(schema: Json) -> None:
    """Raises `ApiError` 400 for a schema that cannot be filled here."""
    for name, wanted in (schema.get("properties") or {}).items():
        if not _difficulty(wanted) and not (name == "reason" and wanted.get("type") == "string"):
            raise invalid(
                f"output_config.format: this local server cannot fill in {name!r}; it answers from "
                "the words of the documents and of the question"
            )


def text(schema: Json, question: str) -> str:
    """The answer's JSON for a question."""
    level, reason = difficulty(question)
    filled = {
        name: level if _difficulty(wanted) else reason
        for name, wanted in (schema.get("properties") or {}).items()
    }
    return json.dumps(filled, ensure_ascii=False)


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
