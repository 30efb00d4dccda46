"""What the next question of a conversation will cost: an estimate, warm and cold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Avg

from accounts.models import Workspace
from documents.models import Version
from qa import asking, engine
from qa.engine import catalogue
from qa.models import ApiCall, ClaudeSettings, Thread, TokenCount

SYSTEM_TOKENS = 900
QUESTION_TOKENS = 60
ANSWER_TOKENS = 600  # until there are answers to go by
LOOKED_AT = 20
SEARCH_ROUNDS = 2  # of calls, before the request that answers
SEARCH_SYSTEM_TOKENS = 3_600  # with the tools
FOUND_TOKENS = 5_000  # that a round of calls returns: some sixteen passages
CALL_TOKENS = 300  # that it takes to make them, thinking included


@dataclass(frozen=True)
class NextCost:
    """US dollars, with the documents in the cache and without; `counted` unless the documents'
    tokens are guessed; `searches` where they are not read, but searched."""

    warm: Decimal
    cold: Decimal
    counted: bool
    searches: bool = False

    def plus(self, usd: Decimal) -> NextCost:
        """With what is paid beside the question, warm or cold."""
        return replace(self, warm=self.warm + usd, cold=self.cold + usd)

    @property
    def differs(self) -> bool:
        return self.warm != self.cold


def estimate(
    workspace: Workspace,
    thread: Thread | None,
    versions: list[Version],
    model: catalogue.Model,
    lifetimes: engine.Lifetimes,
) -> NextCost:
    """For a question of usual length and an answer as long as those of late."""
    documents, counted = asking.known_tokens(versions, model)
    if not counted:
        documents += _missing(versions, model)
    said = _said(thread, model, documents)
    answer = _answer_tokens(workspace, model)
    return priced(
        model,
        documents=documents,
        said=said,
        answer=answer,
        counted=counted,
        lifetimes=lifetimes,
        place=ClaudeSettings.place_of(workspace),
    )


def priced(
    model: catalogue.Model,
    *,
    documents: int,
    said: int,
    answer: int,
    counted: bool,
    lifetimes: engine.Lifetimes = engine.lifetime.SHORT,
    place: str = "",
) -> NextCost:
    """For so many tokens of documents, of conversation so far, and of an answer. ``place`` is where
    it is answered; "" is anywhere."""
    shared = SYSTEM_TOKENS + documents
    if shared < model.cache_minimum:
        plain = engine.Usage(
            input_tokens=shared + said + QUESTION_TOKENS,
            output_tokens=answer,
            inference_geo=place,
        )
        return NextCost(catalogue.cost(plain, model), catalogue.cost(plain, model), counted)
    new = said + QUESTION_TOKENS
    hour = new * (lifetimes.turns == "1h")
    warm = engine.Usage(
        cache_read_input_tokens=shared,
        cache_creation_input_tokens=new,
        ephemeral_1h_input_tokens=hour,
        output_tokens=answer,
        inference_geo=place,
    )
    cold = engine.Usage(
        cache_creation_input_tokens=shared + new,
        ephemeral_1h_input_tokens=hour + shared * (lifetimes.documents == "1h"),
        output_tokens=answer,
        inference_geo=place,
    )
    return NextCost(catalogue.cost(warm, model), catalogue.cost(cold, model), counted)


def of_search(model: catalogue.Model, *, said: int, answer: int, place: str = "") -> NextCost:
    """For a question that is searched: a round of calls after the other, each of which reads what
    the ones before it left in the cache. How much is found is a guess."""
    first = SEARCH_SYSTEM_TOKENS + said + QUESTION_TOKENS
    added = FOUND_TOKENS + CALL_TOKENS
    read = sum(first + n * added for n in range(SEARCH_ROUNDS))
    output = SEARCH_ROUNDS * CALL_TOKENS + answer
    kept = SEARCH_SYSTEM_TOKENS if model.cache_minimum <= SEARCH_SYSTEM_TOKENS else 0

    def cost(read_before: int) -> Decimal:
        usage = engine.Usage(
            cache_read_input_tokens=read + read_before,
            cache_creation_input_tokens=first - read_before + SEARCH_ROUNDS * added,
            output_tokens=output,
            inference_geo=place,
        )
        return catalogue.cost(usage, model)

    return NextCost(cost(kept), cost(0), counted=False, searches=True)


def likely(version: Version, counts: Mapping[str, int], model: str) -> int:
    """Tokens of a version: as the model counts them, or the most that any other counted, or by
    its length. `counts` are those there are, by model."""
    return counts.get(model) or max(counts.values(), default=version.chars * 2 // 7)


def choosing_cost(workspace: Workspace) -> Decimal:
    """What *Auto*'s choice of a model has cost of late; nothing is added until it was made once,
    for it is a small part of the answer's price."""
    rows = ApiCall.objects.filter(workspace=workspace, purpose=ApiCall.Purpose.ROUTE)
    newest = list(rows.order_by("-at").values_list("cost_usd", flat=True)[:LOOKED_AT])
    return sum(newest, Decimal(0)) / len(newest) if newest else Decimal(0)


def _missing(versions: list[Version], model: catalogue.Model) -> int:
    """What the low guess that decides whether documents fit leaves out of their price."""
    counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
    rows = TokenCount.objects.filter(version__in=versions)
    for version, counter, tokens in rows.values_list("version", "model", "tokens"):
        counts[version][counter] = tokens
    return sum(
        likely(one, counts[one.pk], model.id) - one.chars // asking.CHARS_PER_TOKEN
        for one in versions
        if model.id not in counts[one.pk]
    )


def _said(thread: Thread | None, model: catalogue.Model, documents: int) -> int:
    """Tokens of the conversation so far, as the last request counted them."""
    if thread is None:
        return 0
    rows = ApiCall.objects.filter(thread=thread, purpose=ApiCall.Purpose.ANSWER, model=model.id)
    last = rows.exclude(prefix="").order_by("-at").first()
    if last is None:
        return 0
    prompt = engine.Usage.from_dict(last.usage).prompt_tokens
    spoken = last.output_tokens - last.thinking_tokens
    return max(0, prompt - documents - SYSTEM_TOKENS) + spoken


def _answer_tokens(workspace: Workspace, model: catalogue.Model) -> int:
    rows = ApiCall.objects.filter(
        workspace=workspace, purpose=ApiCall.Purpose.ANSWER, model=model.id, output_tokens__gt=0
    )
    newest = rows.order_by("-at").values("pk")[:LOOKED_AT]
    usual = ApiCall.objects.filter(pk__in=list(newest.values_list("pk", flat=True)))
    average = usual.aggregate(tokens=Avg("output_tokens"))["tokens"]
    return round(average) if average else ANSWER_TOKENS
