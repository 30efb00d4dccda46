"""A question that wants a typed value: what is asked beyond it, and the line the answer ends with.

Citations and structured outputs exclude each other at the API, so the cited answer comes first and
the value stands in one more line, which is no part of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from . import prompts

_MARKER = "RESULT:"
_START = re.compile(rf"^[ \t>*_`#-]*{_MARKER}", re.MULTILINE)
_DRESS = " \t>*_`#-"
VERSION = prompts.CELL_VERSION
KINDS = frozenset(prompts.CELL_KINDS)


def brief(kind: str, choices: Sequence[str] = (), guidance: str = "", expected: str = "") -> str:
    """What is asked beyond the question, for a value of the `kind` (one of ``KINDS``).

    With an `expected` position the line also says how the document stands to it.
    """
    form = prompts.CELL_KINDS[kind]
    if choices:
        form = form % {"choices": "; ".join(f"“{choice}”" for choice in choices)}
    parts = [prompts.CELL]
    if guidance:
        parts.append(f"{prompts.CELL_GUIDANCE}\n{guidance}")
    if expected:
        parts.append(f"{prompts.CELL_EXPECTED}\n{expected}")
    shape = prompts.CELL_MEASURED if expected else prompts.CELL_PLAIN
    parts.append(f"{prompts.CELL_LINE}\n{shape}")
    rules = [prompts.CELL_FOUND, form]
    if expected:
        rules.append(prompts.CELL_VERDICT)
    parts.append("\n".join(f"- {rule}" for rule in rules))
    return "\n\n".join(parts)


def split(blocks: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """The blocks of an answer without its last line, and that line from ``RESULT:`` on; "" where
    there is none. Citations stay with what is left of their block, if only with its place."""
    text = "".join(block["text"] for block in blocks)
    found = list(_START.finditer(text))
    if not found:
        return [dict(block) for block in blocks], ""
    last = found[-1]
    kept, at = [], 0
    for block in blocks:
        left = block["text"][: max(0, last.start() - at)]
        at += len(block["text"])
        if left or block.get("citations") or not block["text"]:
            kept.append({**block, "text": left})
    while kept and not kept[-1]["text"].strip() and not kept[-1].get("citations"):
        kept.pop()
    if kept:
        kept[-1]["text"] = kept[-1]["text"].rstrip()
    return kept, text[last.end() - len(_MARKER) :].strip()


class Curtain:
    """Keeps the last line from whoever reads an answer while it is written.

    It holds back what stands at the beginning of a line and may become the marker; what is held
    back when another block begins was no marker.
    """

    def __init__(self) -> None:
        self._held = ""
        self._block = 0
        self._down = False
        self._line_start = True

    def pass_on(self, block: int, text: str) -> list[tuple[int, str]]:
        """The pieces that may be shown now, with their blocks."""
        if self._down:
            return []
        shown = []
        if block != self._block and self._held:
            shown.append((self._block, self._held))
            self._held, self._line_start = "", False
        self._block = block
        if piece := self._take(text):
            shown.append((block, piece))
        return shown

    def _take(self, text: str) -> str:
        out = []
        for line in re.split(r"(?<=\n)", self._held + text):
            self._held = ""
            if self._line_start and self._may_be(line):
                bare = line.lstrip(_DRESS)
                if bare.startswith(_MARKER):
                    self._down = True
                    break
                if not line.endswith("\n"):
                    self._held = line
                    break
            out.append(line)
            self._line_start = line.endswith("\n")
        return "".join(out)

    @staticmethod
    def _may_be(line: str) -> bool:
        bare = line.lstrip(_DRESS)
        return bare.startswith(_MARKER) or _MARKER.startswith(bare)
