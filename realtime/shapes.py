"""What requests may say, as JSON Schema: they are checked against it, and it describes them.

A small part of JSON Schema: types, bounds, choices, lists, and objects that know all their keys.
"""

from __future__ import annotations

import json
import math
from typing import Any

from realtime.described import Shape
from realtime.problems import Problem, bad_request

BODY = "the body"
FLAG: Shape = {"type": "boolean"}
MOMENT: Shape = {"type": "string", "format": "date-time"}
KINDS = {
    "boolean": "true or false",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "array": "a list",
    "object": "a JSON object",
}


def text(most: int | None = None, *, least: int = 0) -> Shape:
    """Return the shape of a text."""
    return {"type": "string"} | _bounds("Length", least, most)


def choice(*words: str) -> Shape:
    """Return the shape of one of some words."""
    return {"type": "string", "enum": list(words)}


def number(least: float | None = None, most: float | None = None) -> Shape:
    """Return the shape of a number."""
    return {"type": "number"} | _bounds("imum", least, most)


def whole(least: int, most: int) -> Shape:
    """Return the shape of a whole number."""
    return {"type": "integer"} | _bounds("imum", least, most)


def several(shape: Shape, most: int, *, least: int = 0) -> Shape:
    """Return the shape of a list."""
    return {"type": "array", "items": shape} | _bounds("Items", least, most)


def one(*demanded: str, **keys: Shape) -> Shape:
    """Return the shape of an object with these keys and no other, some of which must be there."""
    required = {"required": list(demanded)} if demanded else {}
    return {"type": "object", "properties": keys, "additionalProperties": False} | required


NOTHING: Shape = one()
"""An object without keys."""


def check(said: Any, shape: Shape, where: str) -> None:
    """Raise a `Problem` that says what was expected where, and what came."""
    if not _is_of(said, shape.get("type")) or not _is_within(said, shape):
        got = said if type(said) is str else json.dumps(said)
        raise bad_request(where, wanted(shape), got)
    if shape.get("type") == "array":
        for place, element in enumerate(said):
            check(element, shape["items"], f"{where}[{place}]")
    elif shape.get("type") == "object":
        _check_keys(said, shape, where)


def wanted(shape: Shape) -> str:
    """Return a shape in words."""
    if "enum" in shape:
        return f"one of {', '.join(shape['enum'])}"
    kind = shape.get("type")
    if kind is None:
        return str(shape["description"])
    least, most = _limits(shape)
    words = KINDS[kind]
    if kind == "array":
        return f"{words} of {least or 0} to {most}"
    if kind == "string" and most is not None:
        return f"{words} of {least or 0} to {most} characters"
    if kind in {"number", "integer"} and least is not None:
        return f"{words} from {least}" + (f" to {most}" if most is not None else "")
    return words


def _check_keys(said: dict[str, Any], shape: Shape, where: str) -> None:
    keys = shape["properties"]
    for key, value in said.items():
        if key not in keys:
            # Ignored, a key that is spelt wrong would do something else than what was meant.
            known = ", ".join(keys) or "absent"
            raise bad_request(f"each key of {where}", f"one of {known}", key)
        check(value, keys[key], key if where == BODY else f"{where}.{key}")
    for key in shape.get("required", ()):
        if key not in said:
            problem = f"expected {key} to be {wanted(keys[key])}, got: nothing"
            raise Problem(400, "Bad request", problem)


def _is_of(said: Any, kind: str | None) -> bool:
    """Tell whether a value is of a kind; true and false are no numbers, 3.0 is a whole one."""
    if kind in {"number", "integer"}:
        if type(said) is float:
            return math.isfinite(said) and (kind == "number" or said.is_integer())
        return type(said) is int
    types = {"boolean": bool, "string": str, "array": list, "object": dict}
    return kind is None or type(said) is types[kind]


def _is_within(said: Any, shape: Shape) -> bool:
    if "enum" in shape:
        return said in shape["enum"]
    least, most = _limits(shape)
    if least is None and most is None:
        return True
    size = said if type(said) in {int, float} else len(said)
    return (least is None or size >= least) and (most is None or size <= most)


def _limits(shape: Shape) -> tuple[Any, Any]:
    for name in ("Length", "imum", "Items"):
        if f"min{name}" in shape or f"max{name}" in shape:
            return shape.get(f"min{name}"), shape.get(f"max{name}")
    return None, None


def _bounds(name: str, least: float | None, most: float | None) -> Shape:
    given = {f"min{name}": least, f"max{name}": most}
    return {key: value for key, value in given.items() if value is not None}
