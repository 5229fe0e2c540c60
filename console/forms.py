"""Forms and filters: what people type, read as a pydantic model.

A form is shown again with what was typed and what is wrong beside each field; a filter never
complains. An error's text is `field.<pydantic's type>`, or the key in a ValueError that a
validator raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, QueryParams, UploadFile

from console.texts import T

M = TypeVar("M", bound=BaseModel, covariant=True)

# pydantic's types that have a text of their own; see also `console.check`
KNOWN = {
    "missing": T("field.missing"),
    "string_too_short": T("field.string_too_short"),
    "string_too_long": T("field.string_too_long"),
    "int_parsing": T("field.number"),
    "decimal_parsing": T("field.number"),
    "greater_than": T("field.too_small"),
    "greater_than_equal": T("field.too_small"),
    "less_than_equal": T("field.too_large"),
    "enum": T("field.choose"),
    "literal_error": T("field.choose"),
    "date_from_datetime_parsing": T("field.date"),
    "date_parsing": T("field.date"),
}
_OTHER = T("field.other")


@dataclass(slots=True)
class Form(Generic[M]):
    """What was typed (`values`), what is wrong (`errors`: text key and what fills it in)."""

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    model: M | None = None

    @classmethod
    def read(cls, model: type[M], posted: FormData) -> Form[M]:
        """Reads `posted`; blank fields count as left out, lists take all values of a name."""
        values = _values(model, posted)
        try:
            return cls(values, {}, model.model_validate(values))
        except ValidationError as error:
            return cls(values, dict(map(_explained, error.errors(include_url=False))))

    def wrong(self, name: str, key: str, **params: Any) -> None:
        """Adds what only the page can know."""
        self.errors[name] = (key, params)

    @property
    def ok(self) -> M:
        """The model. Only of a form that is not `bad`."""
        assert self.model is not None
        return self.model

    @property
    def bad(self) -> bool:
        return self.model is None or bool(self.errors)


def _values(model: type[BaseModel], posted: FormData) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if getattr(info.annotation, "__origin__", None) in (list, tuple, set):
            found[name] = posted.getlist(name)
        elif isinstance(value := posted.get(name), UploadFile) or (value and value.strip()):
            found[name] = value
    return found


def _explained(error: Any) -> tuple[str, tuple[str, dict[str, Any]]]:
    name = str(error["loc"][0]) if error["loc"] else ""
    context = {key: value for key, value in error.get("ctx", {}).items() if key != "error"}
    if error["type"] == "value_error":
        return name, (str(error["ctx"]["error"]), context)
    return name, (KNOWN.get(error["type"], _OTHER), context)


class Filters(BaseModel):
    """What a list's address may ask for; subclasses add fields with defaults."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    page: int = Field(default=1, ge=1, le=100_000)

    @classmethod
    def read(cls, params: QueryParams) -> Self:
        """The filters of an address; a value that makes no sense counts as not given."""
        given = {name: params[name] for name in cls.model_fields if params.get(name)}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
            return cls.model_validate({k: v for k, v in given.items() if k not in wrong})

    @property
    def query(self) -> dict[str, Any]:
        """What differs from the defaults, without the page."""
        return self.model_dump(mode="json", exclude={"page"}, exclude_defaults=True)


ROWS = 25  # on a page of a list


@dataclass(frozen=True, slots=True)
class Paging:
    """One page of a list: `page` counts from 1, `size` rows of `total`."""

    page: int
    total: int
    size: int = ROWS

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The number of the first row shown, from 1."""
        return min((self.page - 1) * self.size + 1, self.total)

    @property
    def last(self) -> int:
        return min(self.page * self.size, self.total)

    @staticmethod
    def offset(page: int, size: int = ROWS) -> int:
        """How many rows come before that page."""
        return (page - 1) * size
