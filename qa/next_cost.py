"""What the next question of a conversation will cost: an estimate, warm and cold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from accounts.models import Workspace
from documents import visual
from documents.models import Version
from qa import askable, engine, looking, warmth
from qa.engine import catalogue
from qa.models import ApiCall, ClaudeSettings, Thread, TokenCount

SYSTEM_TOKENS = 900
QUESTION_TOKENS = 60
ANSWER_TOKENS = 600  # until there are answers to go by
LOOKED_AT = 20
CALLS = 300  # of the workspace's newest, to tell how long answers usually are
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


class Costs:
    """What a question costs with each model, with as many queries for all as for one, and another
    for each that has answered in the thread."""

    def __init__(
        self,
        workspace: Workspace,
        thread: Thread | None,
        versions: list[Version],
        searches: bool = False,
    ) -> None:
        self.workspace, self.thread, self.versions = workspace, thread, versions
        self.place = ClaudeSettings.place_of(workspace)
        self.searches = searches
        self._counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
        rows = TokenCount.objects.filter(version__in=versions)
        for model, version, tokens in rows.values_list("model", "version", "tokens"):
            self._counts[version][model] = tokens
        self._looked_at = versions if any(visual.pages(one) for one in versions) else []
        self._documents: dict[str, int] = {}
        self._answers: defaultdict[str, list[int]] = defaultdict(list)
        self._said: dict[str, ApiCall] = {}
        self._whole: dict[str, ApiCall] = {}
        self.choosing = Decimal(0)
        if not versions and not searches:
            return
        calls = ApiCall.objects.filter(workspace=workspace, purpose=ApiCall.Purpose.ANSWER)
        for call in calls.filter(output_tokens__gt=0).order_by("-at")[:CALLS]:
            self._answers[call.model].append(call.output_tokens)
            if thread is not None and call.thread_id == thread.pk:
                self._said.setdefault(call.model, call)
                # what was found by a search is in its prompt, and is not sent again
                if call.prefix:
                    self._whole.setdefault(call.model, call)
        self.choosing = choosing_cost(workspace)

    def fit(self, model: catalogue.Model) -> bool:
        read = self.versions and not self.searches
        return not read or askable.fit(self.documents(model), model)

    def documents(self, model: catalogue.Model) -> int:
        """Tokens of the documents; a low guess, where nothing was counted, so that nothing is
        refused that might fit."""
        if model.id not in self._documents:
            low = (v.chars // askable.CHARS_PER_TOKEN for v in self._uncounted(model))
            counted = (self._counts[v.pk].get(model.id, 0) for v in self.versions)
            self._documents[model.id] = sum(low) + sum(counted) + self._looks(model)
        return self._documents[model.id]

    def _looks(self, model: catalogue.Model) -> int:
        return looking.plan(self._looked_at, model).tokens if self._looked_at else 0

    def _uncounted(self, model: catalogue.Model) -> list[Version]:
        return [one for one in self.versions if model.id not in self._counts[one.pk]]

    @cached_property
    def _usual(self) -> list[list[float]]:
        return warmth.habit(self.workspace)

    def _lifetimes(self, model: catalogue.Model) -> engine.Lifetimes:
        """As long as the documents were likely to be kept if they were the same as last time."""
        call = self._whole.get(model.id)
        name = call.prefix if call else ""
        return warmth.lifetimes(self.workspace, self.thread, name, model.rates, self._usual)

    def of(
        self, model: catalogue.Model, lifetimes: engine.Lifetimes | None = None
    ) -> NextCost | None:
        """None where there is nothing to ask about. ``lifetimes``, where they are known."""
        lengths = self._answers[model.id][:LOOKED_AT]
        answer = round(sum(lengths) / len(lengths)) if lengths else ANSWER_TOKENS
        if self.searches:
            said = self._written(model)
            return of_search(model, said=said, answer=answer, place=self.place)
        if not self.versions:
            return None
        uncounted = self._uncounted(model)
        documents = self.documents(model) + sum(
            likely(one, self._counts[one.pk], model.id) - one.chars // askable.CHARS_PER_TOKEN
            for one in uncounted
        )
        said = self._spoken(model)
        return priced(
            model,
            documents=documents,
            said=said,
            answer=answer,
            counted=not uncounted,
            lifetimes=lifetimes or self._lifetimes(model),
            place=self.place,
        )

    def _written(self, model: catalogue.Model) -> int:
        """Tokens of the last answer: of what was found for it nothing is sent again."""
        call = self._said.get(model.id) or next(iter(self._said.values()), None)
        return call.output_tokens - call.thinking_tokens if call else 0

    def _spoken(self, model: catalogue.Model) -> int:
        """Tokens of the conversation so far: as this model counted them, or as another did."""
        call = self._whole.get(model.id) or next(iter(self._whole.values()), None)
        if call is None:
            return 0
        prompt = engine.Usage.from_dict(call.usage).prompt_tokens
        documents = sum(likely(one, self._counts[one.pk], call.model) for one in self.versions)
        spoken = call.output_tokens - call.thinking_tokens
        return max(0, prompt - SYSTEM_TOKENS - documents - self._looks(model)) + spoken


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
