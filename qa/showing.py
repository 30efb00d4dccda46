"""Pages that a search shows as they look, beside the text that is read of them.

They are sent with the request, whoever else keeps copies at the API: a file there holds all such
pages of a version, and a call reads a few.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass, field

from documents import ingest, visual
from documents.models import Version
from qa import claude_models, looking
from qa.engine import Look, catalogue, looks
from qa.engine.tools import Seen
from qa.models import Answer


@dataclass
class Showing:
    """What one answer is shown; ``shown`` are the page numbers by version's public id, each once.

    ``model`` None: nothing is shown. The API numbers pages of the web on from the documents, so
    whoever looks at the web too would not know one from the other.
    """

    model: catalogue.Model | None
    shown: dict[str, set[int]] = field(default_factory=dict)
    _bytes: int = 0
    _count: int = 0

    @classmethod
    def of(cls, answer: Answer) -> Showing:
        return cls(None if answer.web else claude_models.get(answer.model_requested))

    @property
    def able(self) -> bool:
        return self.model is not None

    def of_pages(self, version: Version, numbers: Collection[int], handle: str) -> list[Seen]:
        """The pages among these that are to be looked at, as far as a request has room for them."""
        if self.model is None:
            return []
        known = self.shown.setdefault(str(version.public_id), set())
        wanted = {p.number: p for p in visual.pages(version) if p.number in numbers}
        left = [number for number in wanted if number not in known]
        left = left[: max(0, looks.most(self.model) - self._count)]
        found = []
        for part in looking.parts(version, left):
            data = base64.b64encode(part.data).decode()
            if self._bytes + len(data) > looks.INLINE_BYTES:
                break
            self._bytes += len(data)
            self._count += len(part.pages)
            known.update(part.pages)
            tokens = looking.cost(version, [wanted[n] for n in part.pages], self.model)
            look = Look(part.pages, part.media_type, data=data)
            title = version.document.title
            found.append(Seen(str(version.public_id), title, handle, look, tokens))
        return found

    def unseen(self, version: Version) -> list[str]:
        """Runs of the pages that should be looked at and were not shown: of these, there is only
        the text."""
        known = self.shown.get(str(version.public_id), set())
        pages = (page.number for page in visual.pages(version))
        return ingest.runs([n for n in pages if n not in known and n not in version.unread])
