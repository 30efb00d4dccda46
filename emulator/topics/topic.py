"""One topic: how it is asked about, and the wording that answers it."""

import re
from dataclasses import dataclass
from functools import cached_property

_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
DATE = (
    rf"(?:{_MONTH} \d{{1,2}},? \d{{4}}|\d{{1,2}}(?:st|nd|rd|th)? (?:day of )?{_MONTH}"
    r"|\d{1,2}/\d{1,2}/\d{2,4})"
)
PERIOD = r"(?:days?|weeks?|months?|years?)"
END = r"(?:terminat|end (?:this|the) )"


@dataclass(frozen=True)
class Topic:
    """`asks` matches questions about it; `needs` is the least weight of phrases a passage must
    have. `opening` is the weight of standing at the very beginning of a document."""

    name: str
    asks: str
    phrases: tuple[tuple[float, str], ...]
    needs: float = 3.0
    opening: float = 0.0

    @cached_property
    def asked(self) -> re.Pattern[str]:
        return _compile(self.asks)

    @cached_property
    def patterns(self) -> tuple[tuple[float, re.Pattern[str]], ...]:
        return tuple((weight, _compile(pattern)) for weight, pattern in self.phrases)


def _compile(pattern: str) -> re.Pattern[str]:
    spaced = pattern.replace(" ?", r"\s*").replace(" ", r"\s+")
    return re.compile(spaced, re.IGNORECASE | re.DOTALL)
