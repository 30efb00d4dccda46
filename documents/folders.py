"""Folders as paths: what an upload of a folder and an unpacked archive need."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import User, Workspace
from documents.models import Folder
from documents.models.folder import MAX_DEPTH
from documents.uploads import clean_title

_NAME_LENGTH = 120


def ensure(
    workspace: Workspace, names: Sequence[str], by: User, under: Folder | None = None
) -> Folder | None:
    """The folder at the end of a path of names below ``under``, made where it is missing.

    Names are cleaned like titles; "", "." and ".." are passed over, and what lies too deep lands
    in the deepest folder allowed. Without names, ``under`` itself (None: the top).
    """
    folder = under
    depth = len(under.trail) if under else 0
    for name in names:
        if name.strip() in ("", ".", "..") or depth >= MAX_DEPTH:
            continue
        folder, _created = Folder.objects.get_or_create(
            workspace=workspace,
            parent=folder,
            name=clean_title(name)[:_NAME_LENGTH],
            defaults={"created_by": by},
        )
        depth += 1
    return folder
