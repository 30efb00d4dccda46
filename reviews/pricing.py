"""What a run will cost: in US dollars, as a batch and live, before anything is sent.

The documents' tokens are those that were counted, or else guessed. Of each document's cells the
first writes it into the cache and the others read it from there, as both ways see to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Avg

from accounts.models import Workspace
from documents.models import Version
from qa import claude_models, engine
from qa.engine import catalogue, thinking
from qa.models import ApiCall, ClaudeSettings, TokenCount
from qa.next_cost import SYSTEM_TOKENS, likely
from reviews.models import CellQuerySet, Table

BRIEF_TOKENS = 700
ANSWER_TOKENS = 700  # at the usual level, its thinking among them: until there are answers to go by
LOOKED_AT = 200


@dataclass(frozen=True)
class Price:
    """What so many cells of so many documents cost; ``counted`` unless tokens are guessed. A batch
    costs ``at_most`` where nothing is read from the cache and every answer takes all its room."""

    cells: int
    documents: int
    batch: Decimal
    live: Decimal
    counted: bool
    batch_possible: bool = True
    at_most: Decimal = Decimal(0)


def price(table: Table, cells: CellQuerySet | None = None) -> Price:
    """For the cells given, or all that a run would send. One whose document is not read yet is
    left out."""
    chosen = table.cells.to_run() if cells is None else cells
    rows = chosen.filter(row__document__current__status="ready").order_by()
    of_version = Counter(rows.values_list("row__document__current", flat=True))
    versions = Version.objects.in_bulk([pk for pk in of_version if pk is not None])
    model = claude_models.get(table.model)
    tokens, counted = _tokens(versions.values(), model)
    level = thinking.level_of(model, table.effort)
    answer = usual_answer(table.workspace, model, level)
    place = ClaudeSettings.place_of(table.workspace)
    batch = live = most = Decimal(0)
    room = thinking.room(model, level)
    for pk, number in of_version.items():
        if pk is None:
            continue
        live += of_document(model, tokens[pk], number, answer, place)
        batch += of_document(model, tokens[pk], number, answer, place, batch=True)
        most += number * of_document(model, tokens[pk], 1, room, place, batch=True)
    total = sum(of_version.values())
    return Price(total, len(of_version), batch, live, counted, model.batch, most)


def of_document(
    model: catalogue.Model,
    tokens: int,
    cells: int,
    answer: int,
    place: str = "",
    *,
    batch: bool = False,
) -> Decimal:
    """So many cells of one document of so many tokens, answered at a place; "" is anywhere."""
    shared = SYSTEM_TOKENS + tokens
    told: dict[str, Any] = {"input_tokens": BRIEF_TOKENS, "output_tokens": answer}
    told["inference_geo"] = place
    if batch:
        told["service_tier"] = "batch"
    if shared < model.cache_minimum:
        told["input_tokens"] += shared
        return cells * catalogue.cost(engine.Usage(**told), model)
    hour = shared if batch else 0
    first = engine.Usage(
        cache_creation_input_tokens=shared,
        ephemeral_1h_input_tokens=hour,
        **told,
    )
    later = engine.Usage(cache_read_input_tokens=shared, **told)
    return catalogue.cost(first, model) + (cells - 1) * catalogue.cost(later, model)


def _tokens(versions: Iterable[Version], model: catalogue.Model) -> tuple[Mapping[int, int], bool]:
    found = list(versions)
    counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
    rows = TokenCount.objects.filter(version__in=found)
    for version, counter, number in rows.values_list("version", "model", "tokens"):
        counts[version][counter] = number
    tokens = {one.pk: likely(one, counts[one.pk], model.id) for one in found}
    return tokens, all(model.id in counts[one.pk] for one in found)


def usual_answer(workspace: Workspace, model: catalogue.Model, level: str | None) -> int:
    """Tokens that the answer to a cell usually takes where the model thinks so hard. Until there
    are such, as much more or less as the level is given room."""
    usual = thinking.default_level(model)
    levels = [level or "", *([""] if level == usual else [])]
    rows = ApiCall.objects.filter(
        workspace=workspace,
        purpose=ApiCall.Purpose.ANSWER,
        model=model.id,
        output_tokens__gt=0,
        answer__effort__in=levels,
        prompt_version__contains=engine.cells.VERSION,
    )
    newest = list(rows.order_by("-at").values_list("pk", flat=True)[:LOOKED_AT])
    average = ApiCall.objects.filter(pk__in=newest).aggregate(tokens=Avg("output_tokens"))
    if average["tokens"]:
        return round(average["tokens"])
    return round(ANSWER_TOKENS * thinking.room(model, level) / thinking.room(model, usual))
