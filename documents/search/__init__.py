"""Passages found: the only package that knows the index.

A version is cut into passages of whole sentences; sixty-four of them on end are a *stretch*, one
row that holds their places and their words. The database (FTS5 in SQLite, GIN in PostgreSQL) says
which stretches have the words of a query; BM25 over the passages in them is counted here, so that
both find the same. What is counted, is counted by workspace. `search` takes the documents that may
be found: an empty set finds nothing.
"""

from .finding import DEPTH, Hit, search
from .indexing import catch_up, forget, index, retitle
from .passages import sentences

__all__ = ["DEPTH", "Hit", "catch_up", "forget", "index", "retitle", "search", "sentences"]
