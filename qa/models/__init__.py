"""Threads, answers with their citations, and the ledger of API requests."""

from qa.models.account import ClaudeKey, ClaudeSettings
from qa.models.allowance import AccountLimits
from qa.models.answer import LEASE, Answer
from qa.models.budget import Budget, Reservation
from qa.models.citation import Citation
from qa.models.claude_model import ClaudeModel
from qa.models.ledger import ApiCall, Backend, DayTotal, Ledger, TokenCount
from qa.models.picture import Enclosure, Picture, RemotePicture
from qa.models.route import Route
from qa.models.scope import Scope
from qa.models.source import Source
from qa.models.suggestion import Suggestion
from qa.models.summary import Summary
from qa.models.thread import Thread, ThreadQuerySet
from qa.models.turns import AnswerQuerySet
from qa.models.warming import Warming
from qa.models.web import WebAccess

__all__ = [
    "LEASE",
    "AccountLimits",
    "Answer",
    "AnswerQuerySet",
    "ApiCall",
    "Backend",
    "Budget",
    "Citation",
    "ClaudeKey",
    "ClaudeModel",
    "ClaudeSettings",
    "DayTotal",
    "Enclosure",
    "Ledger",
    "Picture",
    "RemotePicture",
    "Reservation",
    "Route",
    "Scope",
    "Source",
    "Suggestion",
    "Summary",
    "Thread",
    "ThreadQuerySet",
    "TokenCount",
    "Warming",
    "WebAccess",
]
