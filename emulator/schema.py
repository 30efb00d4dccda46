"""Request bodies validated against the SDK's own parameter types, strictly.

A plain `TypeAdapter` over those types accepts garbage: `Iterable` is checked only when it is
iterated, TypedDicts ignore unknown keys, and content unions hold response models that allow any
key. So the core schema is built here from the annotations: lists are lists, unknown keys are
refused, unions are told apart by their `type` (or `role`), and what cannot come over the wire (file
objects, response models) is left out.
"""

import collections.abc
import types
import typing
from collections.abc import Hashable
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from anthropic.types import message_count_tokens_params, message_create_params
from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema
from typing_extensions import is_typeddict

from .errors import invalid

# Parameters of the SDK's methods that travel as headers, never in the body.
_HEADERS = frozenset({"user_profile_id", "workspace_id"})
# Starts a tag that tells union members apart without being part of the path the API prints.
_SILENT = "~"
_SEQUENCES = {list, collections.abc.Iterable, collections.abc.Sequence}
_SCALARS: dict[Any, CoreSchema] = {
    str: core_schema.str_schema(strict=True),
    int: core_schema.int_schema(strict=True),
    float: core_schema.float_schema(strict=True),
    bool: core_schema.bool_schema(strict=True),
    object: core_schema.any_schema(),
    Any: core_schema.any_schema(),
    type(None): core_schema.none_schema(),
}


def validate_create(body: dict[str, Any]) -> None:
    """Raise `ApiError` 400 naming the first wrong field of a `/v1/messages` body."""
    streams = body.get("stream") is True
    types_ = message_create_params
    _validate(
        types_.MessageCreateParamsStreaming if streams else types_.MessageCreateParamsNonStreaming,
        body,
    )


def validate_count(body: dict[str, Any]) -> None:
    """Raise `ApiError` 400 naming the first wrong field of a `/v1/messages/count_tokens` body."""
    _validate(message_count_tokens_params.MessageCountTokensParams, body)


def _validate(typed_dict: type, body: dict[str, Any]) -> None:
    try:
        _validator(typed_dict).validate_python(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        path = ".".join(str(part) for part in first["loc"] if not str(part).startswith(_SILENT))
        message = first["msg"] if first["type"] != "missing" else "Field required"
        raise invalid(f"{path}: {message}" if path else message) from None


@cache
def _validator(typed_dict: type) -> SchemaValidator:
    return SchemaValidator(_typed_dict(typed_dict, leave_out=_HEADERS))


def strict_schema(annotation: Any) -> CoreSchema:
    """The strict core schema of one annotation. Raises TypeError for one it does not know."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if is_typeddict(annotation):
        return _typed_dict(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, Required, NotRequired):
        return strict_schema(args[0])
    if origin is Literal:
        return core_schema.literal_schema(list(args))
    if origin in (Union, types.UnionType):
        return _union(_wire_members(args))
    if origin in _SEQUENCES:
        return core_schema.list_schema(strict_schema(args[0]), strict=True)
    if origin is dict:
        return core_schema.dict_schema(*map(strict_schema, args), strict=True)
    raise TypeError(f"no strict schema for {annotation!r}")


@cache
def _typed_dict(typed_dict: Any, leave_out: frozenset[str] = frozenset()) -> CoreSchema:
    hints = typing.get_type_hints(typed_dict, include_extras=True)
    required = _required_keys(typed_dict)
    config = getattr(typed_dict, "__pydantic_config__", {})
    return core_schema.typed_dict_schema(
        {
            _wire_name(name, hint): core_schema.typed_dict_field(
                strict_schema(hint), required=name in required
            )
            for name, hint in hints.items()
            if name not in leave_out
        },
        extra_behavior=config.get("extra", "forbid"),
        strict=True,
    )


@cache
def _required_keys(typed_dict: Any) -> frozenset[str]:
    """The keys that must be there.

    `__required_keys__` is wrong for classes written with postponed annotations: it cannot see
    `Required`.
    """
    bases = [base for base in typed_dict.__orig_bases__ if is_typeddict(base)]
    inherited = frozenset().union(*(base.__annotations__ for base in bases))
    required = frozenset().union(*map(_required_keys, bases))
    for name, hint in typing.get_type_hints(typed_dict, include_extras=True).items():
        marked = get_origin(hint) is Required
        by_default = typed_dict.__total__ and get_origin(hint) is not NotRequired
        if marked or (by_default and name not in inherited):
            required |= {name}
    return required


def _wire_name(name: str, hint: Any) -> str:
    for argument in get_args(hint):
        for metadata in getattr(argument, "__metadata__", ()):
            name = getattr(metadata, "alias", None) or name
    return name


def _wire_members(members: tuple[Any, ...]) -> list[Any]:
    """Members of a union that JSON can carry: no file objects, no response models, unions
    flattened."""
    wire: list[Any] = []
    for member in members:
        if get_origin(member) in (Annotated, Required):
            member = get_args(member)[0]
        if get_origin(member) in (Union, types.UnionType):
            wire += _wire_members(get_args(member))
        elif _on_the_wire(member):
            wire.append(member)
    return wire


def _on_the_wire(member: Any) -> bool:
    if member in _SCALARS or is_typeddict(member):
        return True
    return get_origin(member) in (Literal, dict, *_SEQUENCES)


def _union(members: list[Any]) -> CoreSchema:
    if type(None) in members:
        rest = [member for member in members if member is not type(None)]
        return core_schema.nullable_schema(_union(rest))
    if len(members) == 1:
        return strict_schema(members[0])
    dicts = [member for member in members if is_typeddict(member)]
    others = [member for member in members if not is_typeddict(member)]
    if dicts:  # a bare dict beside a TypedDict would let anything through
        others = [member for member in others if _shape_of(member) != "dict"]
    choices: dict[Hashable, CoreSchema] = {}
    if dicts:
        choices[_SILENT + "dict"] = _tagged(dicts) if len(dicts) > 1 else _typed_dict(dicts[0])
    for member in others:
        choices[_SILENT + _shape_of(member)] = strict_schema(member)
    if len(choices) == 1:
        return next(iter(choices.values()))
    if len(choices) != (1 if dicts else 0) + len(others):
        return core_schema.union_schema([strict_schema(member) for member in members])
    return core_schema.tagged_union_schema(
        choices,
        discriminator=lambda value: _SILENT + type(value).__name__,
        custom_error_type="shape",
        custom_error_message=f"Input should be a valid {' or '.join(_names(choices))}",
    )


def _names(choices: dict[Hashable, CoreSchema]) -> list[str]:
    spoken = {"str": "string", "dict": "dictionary", "int": "integer", "bool": "boolean"}
    return [spoken.get(str(tag)[1:], str(tag)[1:]) for tag in choices]


def _shape_of(member: Any) -> str:
    origin = get_origin(member)
    if origin is Literal:
        return type(get_args(member)[0]).__name__
    if origin in _SEQUENCES:
        return "list"
    return str((origin or member).__name__)


def _tagged(members: list[Any]) -> CoreSchema:
    """A union of TypedDicts told apart by the literal of their `type` or `role`."""
    key = next(
        (k for k in ("type", "role") if all(_literals(member, k) for member in members)), None
    )
    if key is None:
        return core_schema.union_schema([_typed_dict(member) for member in members])
    by_tag: dict[str, list[Any]] = {}
    for member in members:
        for tag in _literals(member, key):
            by_tag.setdefault(tag, []).append(member)
    # Only `type` is part of the paths the API prints.
    prefix = "" if key == "type" else _SILENT
    default = next((_literals(m, key)[0] for m in members if key not in _required_keys(m)), None)
    choices: dict[Hashable, CoreSchema] = {
        prefix + tag: _typed_dict(same[0])
        if len(same) == 1
        else core_schema.union_schema([_typed_dict(member) for member in same])
        for tag, same in by_tag.items()
    }

    def tag_of(value: Any) -> str | None:
        tag = (value.get(key) or default) if isinstance(value, dict) else None
        return prefix + tag if isinstance(tag, str) else None

    return core_schema.tagged_union_schema(
        choices,
        discriminator=tag_of,
        custom_error_type="tag",
        custom_error_message=f"Input tag '{key}' should be one of {', '.join(map(repr, by_tag))}",
    )


def _literals(member: Any, key: str) -> list[str]:
    hint = typing.get_type_hints(member).get(key)
    return [str(value) for value in _flat_literals(hint)]


def _flat_literals(hint: Any) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return [value for part in get_args(hint) for value in _flat_literals(part)]
    return []
