"""What a name or a text says, in large letters or small ones, on every database alike."""

from __future__ import annotations

import re
from typing import Any

from django.db import models


def _variants(letter: str) -> list[str]:
    forms = (letter, letter.lower(), letter.upper(), letter.upper().lower())
    return sorted({form for form in forms if len(form) == 1})


def _set(letter: str) -> str:
    """The large and the small one, as patterns of both databases have it; "" for no letter."""
    forms = _variants(letter)
    return f"[{''.join(forms)}]" if len(forms) > 1 else ""


@models.CharField.register_lookup
@models.TextField.register_lookup
class Says(models.Lookup):
    """Contains it, whatever the case of any letter, one for one.

    ``icontains`` knows the cases of ASCII alone in SQLite, and in PostgreSQL those that its
    collation knows.
    """

    lookup_name = "says"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        lhs, params = self.process_lhs(compiler, connection)
        pattern = "".join(_set(letter) or re.escape(letter) for letter in str(self.rhs))
        return f"{lhs} ~ %s", [*params, pattern]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        lhs, params = self.process_lhs(compiler, connection)
        wanted = str(self.rhs)
        if wanted.isascii():
            like = f"%{connection.ops.prep_for_like_query(wanted)}%"
            return rf"{lhs} LIKE %s ESCAPE '\'", [*params, like]
        # one that begins with a set of letters takes five times as long as one for each of them
        rest = "".join(_set(letter) or _literal(letter) for letter in wanted[1:])
        globs = [f"*{_literal(form)}{rest}*" for form in _variants(wanted[0])]
        either = " OR ".join(f"{lhs} GLOB %s" for _glob in globs)
        return f"({either})", [value for glob in globs for value in (*params, glob)]


def _literal(letter: str) -> str:
    return f"[{letter}]" if letter in "*?[" else letter
