"""Values that are lists: what is in them."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import BooleanField, F, Func, Q, Value

Sql = tuple[str, tuple[Any, ...]]


class _Within(Func):
    """Whether a JSON value is a list that has an item."""

    def __init__(self, value: str, item: str) -> None:
        super().__init__(F(value), Value(item), output_field=BooleanField())
        self.alone = json.dumps([item])

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Sql:
        (value, known), (item, said) = map(compiler.compile, self.source_expressions)
        each = f"SELECT 1 FROM JSON_EACH({value}) AS one WHERE one.value = {item}"
        return f"(JSON_TYPE({value}) = 'array' AND EXISTS ({each}))", (*known, *known, *said)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Sql:
        value, known = compiler.compile(self.source_expressions[0])
        return f"({value} @> %s::jsonb)", (*known, self.alone)


def holding(item: str, of: str = "") -> Q:
    """Cells, or what the path ``of`` leads to from them, in whose list the item is; what could not
    be read as a list holds its text."""
    return Q(_Within(f"{of}value", item)) | Q(**{f"{of}value_text": item})


def of(value: Any, text: str) -> frozenset[str]:
    """What a cell's value and its text hold, in the same way."""
    if isinstance(value, list):
        return frozenset(str(one) for one in value)
    return frozenset([text] if text else [])
