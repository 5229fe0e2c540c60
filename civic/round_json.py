"""A round as JSON and back, without loss, so that storage can keep it in one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from civic.rounds import Localised, Round

Json = dict[str, Any]


def round_to_json(round_: Round) -> Json:
    """The round in dicts, lists, strings and numbers; money and days become strings."""
    written = _write(round_)
    assert isinstance(written, dict)
    return written


def round_from_json(data: Mapping[str, Any]) -> Round:
    """What `round_to_json` wrote. Raises ValueError for anything else.

    A key that a later version added may be absent when it has a default.
    """
    try:
        read = _read(Round, data)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError("this is not a round as this version writes it") from error
    assert isinstance(read, Round)
    return read


def _write(value: Any) -> Any:
    if isinstance(value, Localised):
        return dict(value.texts)
    if is_dataclass(value):
        return {each.name: _write(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: _write(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_write(each) for each in value]
    return _write_one(value)


def _write_one(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | StrEnum) else value


def _read(kind: Any, data: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if data is None else _read(inner[0], data)
    if origin is tuple:
        return _read_tuple(inner, data)
    if kind is Localised:
        return Localised({str(key): _read(str, text) for key, text in data.items()})
    if is_dataclass(kind):
        return _read_record(kind, data)
    if origin is not None:
        return {str(key): _read(inner[1], each) for key, each in data.items()}
    return _read_one(kind, data)


def _read_tuple(inner: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise TypeError("a list was expected")
    kinds = (inner[0],) * len(data) if inner[-1] is Ellipsis else inner
    return tuple(_read(kind, each) for kind, each in zip(kinds, data, strict=True))


def _read_record(kind: Any, data: Any) -> Any:
    hints = _hints(kind)
    return kind(**{key: _read(hints[key], each) for key, each in data.items()})


def _read_one(kind: Any, data: Any) -> Any:
    if kind is date:
        return date.fromisoformat(data)
    if kind is Decimal or issubclass(kind, StrEnum):
        return kind(_read(str, data))
    if kind is float and isinstance(data, int):
        return float(data)  # some stores write 52.0 as 52
    if not isinstance(data, kind):
        raise TypeError("another kind of value was expected")
    return data


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
