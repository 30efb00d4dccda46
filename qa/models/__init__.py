"""Threads, answers with their citations, and the ledger of API requests."""

from qa.models.account import ClaudeKey, ClaudeSettings
from qa.models.answer import LEASE, Answer, AnswerQuerySet, Source
from qa.models.citation import Citation
from qa.models.claude_model import ClaudeModel
from qa.models.ledger import ApiCall, Backend, Ledger, TokenCount
from qa.models.picture import Enclosure, Picture, RemotePicture
from qa.models.route import Route
from qa.models.scope import Scope
from qa.models.thread import Thread, ThreadQuerySet
from qa.models.warming import Warming
from qa.models.web import WebAccess

__all__ = [
    "LEASE",
    "Answer",
    "AnswerQuerySet",
    "ApiCall",
    "Backend",
    "Citation",
    "ClaudeKey",
    "ClaudeModel",
    "ClaudeSettings",
    "Enclosure",
    "Ledger",
    "Picture",
    "RemotePicture",
    "Route",
    "Scope",
    "Source",
    "Thread",
    "ThreadQuerySet",
    "TokenCount",
    "Warming",
    "WebAccess",
]
