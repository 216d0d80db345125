"""From messages to JSON and back: camelCase on the wire, unknown fields ignored."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

Json = dict[str, Any]
T = TypeVar("T")


def camel_case(name: str) -> str:
    """`logit_diff` → `logitDiff`."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def to_wire(message: Any) -> Json:
    """The JSON of a message."""
    json: Json = _CONVERTER.unstructure(message)
    return json


def from_wire(json: object, message: type[T]) -> T:
    """The message that a client sent. Raises ValueError, which says what does not fit."""
    plain = json._asdict() if hasattr(json, "_asdict") else json  # as pygls hands objects over
    if not isinstance(plain, Mapping):
        raise ValueError(f"{json!r} is no JSON object")
    try:
        return _CONVERTER.structure(plain, message)
    except cattrs.BaseValidationError as error:
        raise ValueError("; ".join(cattrs.transform_error(error))) from error


def _renamed(cls: type, make: Callable[..., Any], converter: cattrs.Converter) -> Any:
    names = {field.name: override(rename=camel_case(field.name)) for field in attrs.fields(cls)}
    return make(cls, converter, **names)


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_unstructure_hook_factory(
        attrs.has, lambda cls: _renamed(cls, make_dict_unstructure_fn, converter)
    )
    converter.register_structure_hook_factory(
        attrs.has, lambda cls: _renamed(cls, make_dict_structure_fn, converter)
    )
    # Without these "1" would be a number and 1 a text.
    for kind in (str, int, float, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook(str | int | None, lambda value, _: value)
    return converter


def _exactly(value: Any, kind: type[Any]) -> Any:
    fits = type(value) is kind or (kind is float and type(value) is int)
    if not fits:
        raise ValueError(f"{value!r} is no {kind.__name__}")
    return kind(value)


_CONVERTER = _converter()
