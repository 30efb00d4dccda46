"""What each role may do: one table, read by every view."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Act(StrEnum):
    READ = "read"
    MARK = "mark"
    SIGN = "sign"
    EXPORT = "export"
    UPLOAD = "upload"
    ASK = "ask"
    BUILD_TABLES = "build tables"
    DELETE_OWN = "delete own"
    DELETE_ANY = "delete any"
    MEMBERS = "members"
    SETTINGS = "settings"
    BUDGETS = "budgets"


class Role(TextChoices):
    VIEWER = "viewer", _("Viewer")
    REVIEWER = "reviewer", _("Reviewer")
    ANALYST = "analyst", _("Analyst")
    ADMIN = "admin", _("Admin")


_viewer = frozenset({Act.READ})
_reviewer = _viewer | {Act.MARK, Act.SIGN, Act.EXPORT}
_analyst = _reviewer | {Act.UPLOAD, Act.ASK, Act.BUILD_TABLES, Act.DELETE_OWN}
_admin = _analyst | {Act.MEMBERS, Act.SETTINGS, Act.BUDGETS, Act.DELETE_ANY}

ALLOWED: dict[Role, frozenset[Act]] = {
    Role.VIEWER: _viewer,
    Role.REVIEWER: _reviewer,
    Role.ANALYST: _analyst,
    Role.ADMIN: _admin,
}


def reaches(role: Role | None, least: str) -> bool:
    """Whether a role is `least` or more; "" is reached by everybody, a stranger included."""
    ranks = list(Role)
    return not least or (role is not None and ranks.index(role) >= ranks.index(Role(least)))
