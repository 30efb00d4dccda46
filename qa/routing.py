"""A question that is asked of *Auto* is sorted by a cheap model, and goes to its tier's."""

from __future__ import annotations

import logging
from contextlib import closing
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.database import release
from qa import askable, engine, gate, tiers
from qa.claude import Connection, on_behalf
from qa.engine import catalogue, routing
from qa.ledger import record_routing
from qa.models import Answer, Route
from qa.preparing import LostLease

logger = logging.getLogger(__name__)


def route(answer: Answer, connection: Connection, interrupt: engine.Interrupt) -> None:
    """Decides who answers what *Auto* was asked, and keeps the decision with its reason.

    When the sorting fails, it is an ordinary question, and that is said. Raises Interrupted, and
    LostLease.
    """
    if answer.model_requested != tiers.AUTO:
        return
    tier, reason, failed = Route.Tier.ORDINARY, "", False
    try:
        tier, reason = _sorted(answer, connection, interrupt)
    except engine.Interrupted:
        raise
    except (engine.EngineError, engine.UnknownModel) as error:
        logger.warning("answer=%s not sorted: %s", answer.public_id, error)
        reason, failed = _("It could not be sorted, so it is taken for an ordinary one."), True
    model = _fitting(answer, tier)
    with transaction.atomic():
        if not answer.remember(model_requested=model.key):
            raise LostLease
        Route.objects.update_or_create(
            answer=answer,
            defaults={
                **{"kind": Route.Kind.AUTO, "asked": tiers.AUTO},
                **{"tier": tier, "reason": reason[:300], "failed": failed},
            },
        )
    logger.info("answer=%s tier=%s model=%s", answer.public_id, tier, model.key)


def _fitting(answer: Answer, tier: Route.Tier) -> catalogue.Model:
    """The tier's model, or the next one that the documents fit into."""
    models = tiers.candidates(answer.workspace, answer.author).get(tier)
    if not models:
        raise askable.NotAskable(_("None of the models that Auto chooses between is allowed here."))
    versions = list(answer.sources.all())
    for model in models:
        tokens, _counted = askable.known_tokens(versions, model)
        if engine.fits(tokens + askable.FRAME_TOKENS, model):
            return model
    return models[0]


def _sorted(
    answer: Answer, connection: Connection, interrupt: engine.Interrupt
) -> tuple[Route.Tier, str]:
    model = tiers.router(answer.workspace, answer.author)
    documents = [
        (version.document.title, askable.known_tokens([version], model)[0])
        for version in answer.sources.select_related("document").order_by("pk")
    ]
    on_whose = on_behalf(connection, answer.author)
    request = routing.request(answer.question, model, documents, **on_whose)
    heard: list[str] = []
    told: dict[str, Any] = {"request_id": "", "model": model.id}
    # its row is in the ledger before what was set aside for it is given back, whatever comes of it
    with gate.passing(gate.Payer.of(answer), connection, request) as passage:
        try:
            with closing(engine.run(connection.client, request, interrupt)) as events:
                # the model may take its time: no database connection is held meanwhile
                release()
                for event in events:
                    match event:
                        case engine.Started():
                            told["model"] = event.model
                            passage.heard(event.limits)
                            told["request_id"] = event.request_id or ""
                        case engine.Text(_block, text):
                            heard.append(text)
                        case engine.Finished():
                            told |= {"stop_reason": event.stop_reason, "total_ms": event.total_ms}
                            record_routing(answer, connection, request, event.usage, **told)
        except engine.EngineError as error:
            told |= {
                "request_id": error.request_id or told["request_id"],
                "error_type": error.type or error.code,
                "stop_reason": error.stop_reason or "",
                "total_ms": error.total_ms,
            }
            record_routing(answer, connection, request, error.usage, **told)
            raise
    tier, reason = routing.read("".join(heard))
    return Route.Tier(tier), reason
