"""Markdown of what the code says: tables, and JSON schemas in words.  Knows no part of the program."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]
Told = Callable[[str, Schema], str]
"""The meaning of a field, by its name and schema."""
WORDS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a cell may hold anything but lines of its own."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: str) -> str:
    """The text as one cell."""
    return re.sub(r"\s*\n\s*", " ", text).replace("|", "\\|").strip() or " "


def code(text: object) -> str:
    """As code."""
    return f"`{text}`"


def anchor(heading: str) -> str:
    """Where a link to this heading leads."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def linked(name: str, page: str = "") -> str:
    """A link to the heading of this name."""
    return f"[{name}]({page}#{anchor(name)})"


def kind(schema: Schema, page: str = "") -> str:
    """What a schema takes, in words; page: where the parts that it refers to are told."""
    if "$ref" in schema:
        return linked(schema["$ref"].rpartition("/")[2], page)
    if forms := [form for form in schema.get("anyOf", ()) if form.get("type") != "null"]:
        return "; or ".join(kind(form, page) for form in forms)
    if "enum" in schema:
        return ", ".join(map(code, schema["enum"]))
    if "const" in schema:
        return code(schema["const"])
    named = schema.get("type")
    if isinstance(named, list):
        return " or ".join(WORDS[one] for one in named)
    if named == "array":
        most = f", up to {schema['maxItems']:,}" if "maxItems" in schema else ""
        least = f", at least {schema['minItems']}" if "minItems" in schema else ""
        items = kind(schema.get("items", {}), page)
        return f"list ({items}){least}{most}"
    if named == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind(schema['additionalProperties'], page)}s"
    if named is None:
        return "anything"
    return f"{WORDS[named]}{_limits(schema)}"


def _limits(schema: Schema) -> str:
    told = []
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if least is not None and most is not None:
        told.append(f"{number(least)} to {number(most)}")
    else:
        told += [f"from {number(least)}"] if least is not None else []
        told += [f"above {number(above)}"] if above is not None else []
        told += [f"up to {number(most)}"] if most is not None else []
        told += [f"below {number(below)}"] if below is not None else []
    if schema.get("minLength"):
        told.append("not empty")
    if "maxLength" in schema:
        told.append(f"up to {schema['maxLength']:,} characters")
    if "pattern" in schema:
        told.append(f"as {code(schema['pattern'])}")
    return f", {', '.join(told)}" if told else ""


def number(value: float) -> str:
    """4294967296 -> 4,294,967,296; 600.0 -> 600."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def default(schema: Schema, *, required: bool) -> str:
    """What a field is when it is left out."""
    if required:
        return "required"
    value = schema.get("default")
    if value is None:
        return "none" if "default" in schema else "empty"
    return "empty" if value == "" else code(json.dumps(value, ensure_ascii=False))


def arguments(schema: Schema, names: Iterable[str], told: Told, page: str = "") -> str:
    """A table of the fields that a caller gives; told: what a field means."""
    required = set(schema.get("required", ()))
    rows = [
        (
            code(name),
            kind(part, page),
            default(part, required=name in required),
            told(name, part),
        )
        for name in names
        for part in (schema["properties"][name],)
    ]
    return table(("argument", "type", "default", "meaning"), rows)


def answer(schema: Schema, told: Told, page: str = "") -> str:
    """A table of the fields that come back."""
    rows = [
        (code(name), _or_null(part, page), told(name, part))
        for name, part in schema["properties"].items()
    ]
    return table(("field", "type", "meaning"), rows)


def _or_null(schema: Schema, page: str) -> str:
    absent = any(form.get("type") == "null" for form in schema.get("anyOf", ()))
    return f"{kind(schema, page)}, or null" if absent else kind(schema, page)
