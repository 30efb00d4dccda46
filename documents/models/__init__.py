"""Documents, the bytes they were made from, and the readings of those bytes."""

from documents.models.blob import Blob, blob_path
from documents.models.document import Document, DocumentQuerySet
from documents.models.folder import Folder, FormerFolder, NotPossible, Tag, Tree
from documents.models.page import Page, Text, Words
from documents.models.remote import RemoteFile
from documents.models.says import Says
from documents.models.stretch import KeyCount, Stretch
from documents.models.upload import Upload
from documents.models.version import LEASE, MAX_ATTEMPTS, Version, VersionQuerySet

__all__ = [
    "LEASE",
    "MAX_ATTEMPTS",
    "Blob",
    "Document",
    "DocumentQuerySet",
    "Folder",
    "FormerFolder",
    "KeyCount",
    "NotPossible",
    "Page",
    "RemoteFile",
    "Says",
    "Stretch",
    "Tag",
    "Text",
    "Tree",
    "Upload",
    "Version",
    "VersionQuerySet",
    "Words",
    "blob_path",
]
