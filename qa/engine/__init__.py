"""The engine: pure Python round the Anthropic SDK, without Django.

A ``Question`` is built into a ``Request``; ``run`` sends it and yields frozen events;
``resolve`` turns each citation into a verified range of the source. Failures are one exception,
``EngineError``, with a code. What differs between models is asked of ``catalogue``.
"""

from . import batches, catalogue, cells, lifetime, looks, prompts, thinking, tools, web
from .alignment import SourceText
from .catalogue import UnknownModel
from .citations import Numbering, Resolved, pages_of, resolve
from .client import Client, Interrupt, account, interruptible, make_client
from .errors import SENTENCES, EngineError, Interrupted, classify
from .estimates import Estimate, estimate, least, least_of_search
from .events import (
    BlockEnded,
    Browsed,
    Called,
    Cited,
    Event,
    Finished,
    Missed,
    Started,
    Text,
    Thinking,
    Usage,
    WebPage,
)
from .lifetime import Lifetimes
from .limits import Allowance, Limits, read_limits
from .looks import Look, Picture
from .request import (
    HEADROOM,
    AnswerBlock,
    Passage,
    Question,
    Request,
    Source,
    StoredCitation,
    Turn,
    build,
    count_params,
    fits,
    frame_params,
    longest,
    on_behalf,
)
from .rounds import Bounds, Rounds
from .run import run
from .tokens import count
from .tools import CALLS_AT_ONCE
from .warm import Warmed, build_warming, warm, warming_is_refused

__all__ = [
    "CALLS_AT_ONCE",
    "HEADROOM",
    "SENTENCES",
    "Allowance",
    "AnswerBlock",
    "BlockEnded",
    "Bounds",
    "Browsed",
    "Called",
    "Cited",
    "Client",
    "EngineError",
    "Estimate",
    "Event",
    "Finished",
    "Interrupt",
    "Interrupted",
    "Lifetimes",
    "Limits",
    "Look",
    "Missed",
    "Numbering",
    "Passage",
    "Picture",
    "Question",
    "Request",
    "Resolved",
    "Rounds",
    "Source",
    "SourceText",
    "Started",
    "StoredCitation",
    "Text",
    "Thinking",
    "Turn",
    "UnknownModel",
    "Usage",
    "Warmed",
    "WebPage",
    "account",
    "batches",
    "build",
    "build_warming",
    "catalogue",
    "cells",
    "classify",
    "count",
    "count_params",
    "estimate",
    "fits",
    "frame_params",
    "interruptible",
    "least",
    "least_of_search",
    "lifetime",
    "longest",
    "looks",
    "make_client",
    "on_behalf",
    "pages_of",
    "prompts",
    "read_limits",
    "resolve",
    "run",
    "thinking",
    "tools",
    "warm",
    "warming_is_refused",
    "web",
]
