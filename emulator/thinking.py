"""What is shown of the thinking before an answer, and how long it took.

There is no reasoning here: the summary says truly what this server does, in more words the more
effort is asked for, and the tokens grow with the effort as they do at the API.
"""

import hashlib
import secrets
from typing import Any

from . import terms
from .prompt import Prompt

Json = dict[str, Any]

SHARE = {"low": 0.25, "medium": 0.5, "high": 1.0, "xhigh": 2.0, "max": 4.0}
"""Of the tokens that are thought with high effort."""


def seed(prompt: Prompt) -> int:
    question = prompt.questions[-1] if prompt.questions else ""
    return int.from_bytes(hashlib.sha256(question.encode()).digest()[:4])


def spent(prompt: Prompt, effort: str | None, budget: int | None) -> int:
    """Tokens of the thinking: a budget is never used up."""
    thought = round((24 + seed(prompt) % 40) * SHARE[effort or "high"])
    return thought if budget is None else min(thought, budget)


def block(prompt: Prompt, display: str, effort: str | None) -> Json:
    """The thinking block; its text is empty where nothing is to be shown."""
    text = _summary(prompt, effort or "high") if display == "summarized" else ""
    return {"type": "thinking", "thinking": text, "signature": secrets.token_urlsafe(96)}


def _summary(prompt: Prompt, effort: str) -> str:
    question = prompt.questions[-1] if prompt.questions else ""
    titles = [one.title for one in prompt.documents if one.title]
    steps = ["Looking through the documents for the passages that bear on the question."]
    if words := list(dict.fromkeys(terms.plain(question))):
        steps.append(f"The words to look for are {', '.join(words)}.")
    if titles:
        steps.append(f"To be read: {', '.join(titles)}.")
    steps.append("The best passages are quoted as they stand; nothing is added to them.")
    return "\n\n".join(steps[: max(1, round(len(steps) * min(1.0, SHARE[effort])))])
