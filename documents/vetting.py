"""Comparing the hidden text of scans with their pictures, page by page, after they were read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from documents import ingest
from documents.models import Page, Version
from documents.reading import PAGE_SECONDS, limits

logger = logging.getLogger(__name__)

UNCHECKED = "The text hidden under the pictures of this file was not compared with them. %(why)s"
BROKEN = "The text hidden under the picture of this page could not be compared with it."


def vet_due() -> int:
    """Compare pages while any are due and nobody waits for text to be recognised; how many."""
    count = 0
    while (version := Version.objects.vettable().order_by("vet_at").first()) is not None:
        if Version.objects.waiting(Version.Lane.SLOW).exists():
            break
        count += _vet_page(version)
    return count


def _vet_page(version: Version) -> bool:
    """Compare the version's next page; False when another worker has it."""
    if not version.claim_vetting(timezone.now() + timedelta(seconds=2 * PAGE_SECONDS)):
        return False
    number = version.to_vet[0]
    try:
        found = _found(version, number)
    except (Page.DoesNotExist, OSError, ValueError):
        # erased meanwhile: there is nothing to compare any more
        logger.info("version=%s not vetted: it is gone", version.public_id)
        version.to_vet, found = [number], []
    kept = version.vetted(number, found)
    if kept and version.to_vet:
        # it has had its turn: another's page comes first
        version.claim_vetting(timezone.now())
    if kept and not version.to_vet:
        logger.info("version=%s vetted findings=%d", version.public_id, len(version.findings))
    return kept


def _found(version: Version, number: int) -> Sequence[ingest.Finding]:
    try:
        found = ingest.vet(version.blob.file.path, limits(PAGE_SECONDS, recognise=True), number)
    except ingest.Unreadable as error:
        if error.code == "needs_ocr":
            version.to_vet = [number]  # nor could any other page be compared
            return [ingest.Finding("unchecked", UNCHECKED % {"why": error.detail})]
        logger.warning("version=%s page=%d not vetted %s", version.public_id, number, error.detail)
        return [ingest.Finding("unchecked", BROKEN, page=number)]
    page = Page.objects.get(version=version, number=number)
    return [finding.on_page(number, page.start) for finding in found]
