"""The table of models, asked: an entry by its key, the engine's model of it, who may use it, and
what takes the place of a retired one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User, Workspace
from qa.engine import UnknownModel, catalogue
from qa.models import ClaudeModel, ClaudeSettings
from qa.models.claude_model import MORE, entries, fields_of, forget


def get(key: str | catalogue.Model) -> catalogue.Model:
    """The engine's model for an entry's key, or for an id of the API. Raises ``UnknownModel``."""
    if isinstance(key, catalogue.Model):
        return key
    return catalogue.find(key, [entry.as_model() for entry in entries() if entry.priced])


def entry(key: str) -> ClaudeModel:
    """The row of a key, or of an id of the API. Raises ``UnknownModel``."""
    found = get(key).key
    return next(one for one in entries() if one.key == found)


def name_of(key: str) -> str:
    """What people call the model; the key itself where there is no such entry."""
    if key == AUTO:
        return _("Auto")
    named = {one.key: one.name for one in entries()}
    try:
        return named.get(key) or get(key).name
    except UnknownModel:
        return key


def is_entry_of(key: str, api_id: str) -> bool:
    """Whether the entry of a key is that model of the API."""
    return any(one.key == key and one.api_id == api_id for one in entries())


def usable(workspace: Workspace, user: User) -> list[ClaudeModel]:
    """What the user may ask with in the workspace, and what runs where its settings say."""
    role, place = workspace.role_of(user), ClaudeSettings.place_of(workspace)
    return [one for one in entries() if one.usable_in(workspace, role) and one.runs_in(place)]


def successor(gone: ClaudeModel, among: list[ClaudeModel]) -> ClaudeModel | None:
    """The newest of the same line among those given; None where the line has none."""
    line = [one for one in among if one.line and one.line == gone.line and one.pk != gone.pk]
    # of two entries of one model, that with the same cap
    return max(
        line,
        key=lambda one: (
            one.released_on.toordinal() if one.released_on else 0,
            (one.prompt_cap is None) == (gone.prompt_cap is None),
        ),
        default=None,
    )


AUTO = "auto"
"""The key that stands for none of the models: which one answers is chosen for each question."""


@dataclass(frozen=True)
class Choice:
    """The entry a question is put to, and the retired one whose place it takes."""

    entry: ClaudeModel
    instead_of: ClaudeModel | None = None


def choose(key: str, workspace: Workspace, user: User) -> Choice:
    """What answers where `key` was chosen: itself, or what took its place when it was retired.

    Raises ``UnknownModel`` when there is no such model, or nothing takes its place.
    """
    wanted = entry(key)
    if not wanted.retired:
        return Choice(wanted)
    among = usable(workspace, user)
    found = successor(wanted, among) or next(iter(among), None)
    if found is None:
        raise UnknownModel(key)
    return Choice(found, wanted)


def default_key(workspace: Workspace) -> str:
    """The entry that a new question in the workspace starts with; may be ``AUTO``."""
    chosen = ClaudeSettings.objects.filter(workspace=workspace).first()
    if chosen is not None and chosen.default_model:
        known = {one.key: one for one in entries()}.get(chosen.default_model)
        if chosen.default_model == AUTO or (known is not None and known.offered):
            return chosen.default_model
    return get(settings.DEFAULT_MODEL).key


def seed(table: Any = ClaudeModel) -> int:
    """Adds the models this release knows and the table lacks; how many. Changes no row.

    ``table`` may be the model as an earlier migration knows it.
    """
    there = set(table.objects.values_list("key", flat=True))
    columns = {column.name for column in table._meta.get_fields()}
    order = {key: 10 * (n + 1) for n, key in enumerate(catalogue.FEATURED)}
    made = []
    for n, model in enumerate(catalogue.MODELS):
        if model.key in there:
            continue
        values = fields_of(model) | {
            "key": model.key,
            "enabled": model.key in catalogue.SELECTABLE,
            "order": order.get(model.key, MORE + n),
            "lifecycle": "deprecated" if model.retires_on else "active",
        }
        made.append(table(**{name: value for name, value in values.items() if name in columns}))
    table.objects.bulk_create(made, ignore_conflicts=True)
    forget()
    return len(made)
