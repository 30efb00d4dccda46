"""The sample contracts that come with Pincite, so that a newcomer can ask at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.core.files.base import File

FOLDER = Path(__file__).parent


def opened() -> Iterator[tuple[str, File]]:
    """Name and open file of each sample, in the order of their names."""
    for path in sorted(FOLDER.glob("*.pdf")):
        yield path.name, File(path.open("rb"), name=path.name)
