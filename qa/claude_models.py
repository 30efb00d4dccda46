"""The table of models, asked: an entry by its key, the engine's model of it, who may use it, and
what takes the place of one that is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User, Workspace
from accounts.roles import Role
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
    """The entry a question is put to, and the one that is gone whose place it takes."""

    entry: ClaudeModel
    instead_of: ClaudeModel | None = None


def choose(key: str, workspace: Workspace, user: User) -> Choice:
    """What answers where `key` was chosen: itself, or what took its place when it was retired or
    went missing: the newest of its line, or else what new questions start with.

    Raises ``UnknownModel`` when there is no such model, or nothing takes its place.
    """
    wanted = entry(key)
    if not wanted.gone:
        return Choice(wanted)
    among = usable(workspace, user)
    usual = default_key(workspace)
    others = sorted(among, key=lambda one: one.key != usual)
    found = successor(wanted, among) or next(iter(others), None)
    if found is None:
        raise UnknownModel(key)
    return Choice(found, wanted)


def happened(gone: ClaudeModel, *, missing: bool | None = None) -> str:
    """What became of an entry, as the beginning of a sentence. ``missing`` says that it was not in
    the API's list at the time; where that is not told, what is so now counts."""
    if missing is None:
        missing = not gone.retired
    said = _("%(model)s is no longer offered") if missing else _("%(model)s is retired")
    return said % {"model": gone.name}


def in_place(gone: str, key: str, *, missing: bool) -> str:
    """That the entry of a key answers in the place of one that is gone, and why that one."""
    known = {one.key: one for one in entries()}
    before, after = known.get(gone), known.get(key)
    if before is None or after is None:
        return _("%(model)s answers in the place of %(gone)s.") % {
            "gone": name_of(gone),
            "model": name_of(key),
        }
    told = {"happened": happened(before, missing=missing), "model": after.name}
    if before.line and before.line == after.line:
        return _("%(happened)s; %(model)s, the newest of its line, answers in its place.") % told
    return _("%(happened)s and has no successor here; %(model)s answers in its place.") % told


def default_key(workspace: Workspace) -> str:
    """The entry that a new question in the workspace starts with; may be ``AUTO``. The place of one
    that is gone takes the newest of its line."""
    return default(workspace)[0]


def default(workspace: Workspace) -> tuple[str, ClaudeModel | None]:
    """``default_key``, and the entry that the workspace chose where that is gone."""
    chosen = ClaudeSettings.of(workspace)
    if chosen.default_model == AUTO:
        return AUTO, None
    known = {one.key: one for one in entries()}
    wanted = known.get(chosen.default_model)
    gone = wanted if wanted is not None and wanted.gone else None
    installed = get(settings.DEFAULT_MODEL).key
    for key in (chosen.default_model, installed):
        if (found := _standing(known.get(key), chosen)) is not None:
            return found.key, gone
    return installed, gone


def _standing(known: ClaudeModel | None, chosen: ClaudeSettings) -> ClaudeModel | None:
    if known is None or not known.gone:
        return known if known and known.offered else None
    # whoever could use the one before can use it
    role = Role(known.minimum_role or Role.ANALYST)
    among = [one for one in entries() if one.usable_in(chosen.workspace, role)]
    return successor(known, [one for one in among if one.runs_in(chosen.inference_geo)])


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
