"""A question that asks to go on is the question before it, without what was said already."""

import re
from typing import Any

Json = dict[str, Any]

_GO_ON = re.compile(r"\b(go|carry) on\b|\bcontinue\b", re.I)
_CUT = re.compile(r"\bcut (off|short)\b|\bbroke off\b|\bstopped\b", re.I)
LONGEST = 400  # characters of a question that only asks to go on


def asks_to_go_on(question: str) -> bool:
    return len(question) <= LONGEST and bool(_GO_ON.search(question) and _CUT.search(question))


def read(turns: list[tuple[str, str]]) -> tuple[tuple[str, ...], str]:
    """The questions that are left, and what was said for the last of them.

    `turns` are the questions with the answer that each one got ("" for the newest).
    """
    said = ""
    while len(turns) > 1 and asks_to_go_on(turns[-1][0]):
        turns = turns[:-1]
        said = turns[-1][1] + said
    return tuple(question for question, _answer in turns), said


def rest(blocks: list[Json], said: str) -> list[Json]:
    """The blocks without what was said; all of them when it was something else.

    White space is not compared: a replayed answer may have lost some.
    """
    wanted = "".join(said.split())
    whole = "".join("".join(block["text"].split()) for block in blocks)
    if not wanted or not whole.startswith(wanted):
        return blocks
    left = len(wanted)
    kept: list[Json] = []
    for block in blocks:
        text = block["text"]
        at = 0
        while left and at < len(text):
            left -= not text[at].isspace()
            at += 1
        if text[at:].strip():
            # what is left of a sentence is not the sentence its citation quotes
            cut = {"text": text[at:], "citations": None} if text[:at].strip() else {}
            kept.append({**block, **cut})
    return kept
