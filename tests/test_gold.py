"""Questions about real contracts, as the command line answers them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import gold
from tests.emulator_support import Emulator

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.reader]


@pytest.mark.django_db(transaction=True)
def test_every_citation_is_exact_and_on_its_page(contracts: Path, emulator: Emulator) -> None:
    report = gold.check(100, contracts)
    print(*report.lines(), sep="\n")
    assert [str(failure) for failure in report.failures] == []
    assert report.answered == report.questions == 100
    assert report.citations > 200
    assert report.marked >= 65


@pytest.mark.django_db(transaction=True)
def test_every_page_that_was_looked_at_is_cited_where_it_says_so(
    contracts: Path, emulator: Emulator
) -> None:
    report = gold.check(36, contracts, "yes")
    print(*report.lines(), sep="\n")
    assert [str(failure) for failure in report.failures] == []
    assert report.answered == report.questions == 36
    assert report.exact + report.realigned == report.citations > 80
