"""General knowledge of how contracts speak: what a question is about, and the wording that
answers it.

A topic is recognised by words of the question. Its phrases are patterns of wording with a weight
each; a space in a pattern stands for any white space, ` ?` for none as well. Nothing here knows a
particular contract.
"""

from . import duties, frame, rights
from .topic import DATE, Topic

# Specific ones first: the first that matches a question leads.
TOPICS = frame.TOPICS + rights.TOPICS + duties.TOPICS

__all__ = ["DATE", "TOPICS", "Topic", "about"]


def about(question: str) -> list[Topic]:
    """The topics of a question, the most specific first; empty when none is recognised."""
    return [topic for topic in TOPICS if topic.asked.search(question)]
