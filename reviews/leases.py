"""Leases on runs and batches: who deals with one keeps it while the work goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from reviews.models import Batch, Run

LEASE = timedelta(seconds=20)
BEAT = 2.0


class Hold:
    """A lease that is kept while its work goes on; short work needs no renewal."""

    def __init__(self) -> None:
        self.renewed = time.monotonic()

    def due(self) -> bool:
        late = time.monotonic() - self.renewed > LEASE.total_seconds() / 4
        if late:
            self.renewed = time.monotonic()
        return late


def renewing(model: type[Batch] | type[Run]) -> Callable[[dict[int, Hold]], None]:
    def beat(held: dict[int, Hold]) -> None:
        late = [pk for pk, hold in held.items() if hold.due()]
        if late:
            rows = model._default_manager.filter(pk__in=late)
            rows.update(lease_until=timezone.now() + LEASE)

    return beat
