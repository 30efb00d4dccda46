"""Real contracts, searched as one workspace: every citation is exact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import gold
from tests.emulator_support import Emulator

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.reader]


@pytest.mark.django_db(transaction=True)
def test_every_citation_of_a_search_over_all_contracts_is_exact(
    contracts: Path, emulator: Emulator
) -> None:
    versions = gold.ingest(sorted(contracts.glob("*.pdf")))
    texts = {version: gold.text(version) for _document, version in versions.values()}
    assert len(texts) == 36
    cited = set()
    citations = 0
    for one in gold.spread(contracts / "gold.jsonl", 72):
        answer = json.loads(gold.said("ask", one.question, search=True, json=True))
        assert (answer["status"], answer["mode"]) == ("done", "search"), answer["error"]
        for citation in answer["citations"]:
            quote, start, end = citation["cited_text"], citation["start"], citation["end"]
            assert citation["state"] == "exact", citation
            assert texts[citation["version"]][start:end] == quote
            assert citation["page_start"]
            cited.add(citation["version"])
            citations += 1
    print(f"{citations} citations of {len(cited)} contracts, all exact")
    assert citations > 72
    assert len(cited) > 18
