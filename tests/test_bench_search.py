"""The benchmark of search, at the size that is run with the tests: 10,000 pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.bench import search
from tests.emulator_support import CONTRACTS
from tests.stack import ROOT


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.skipif(not CONTRACTS.is_dir(), reason="../shared/data is not here")
def test_what_is_asked_for_is_found_among_the_first_hits_and_ten_thousand_pages_are_timed(tmp_path):
    out = tmp_path / "found.json"
    environment = {**os.environ, "PINCITE_DATA": str(tmp_path / "data"), "DATABASE_URL": ""}
    command = [sys.executable, "-m", "tests.bench.search", "ci", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(out.read_text())
    for name, goals in search.GOALS.items():
        for kind in ("contracts", "ndas") if name == "routed" else (name,):
            hits = found["quality"][kind]["routed" if name == "routed" else "within"]
            for depth, least in goals.items():
                assert hits[search.DEPTHS.index(depth)] >= least, (kind, depth)
    assert list(found["speed"]) == ["10000"]
