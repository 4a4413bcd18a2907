"""The JSON schemas that tools/list shows, made from the verbs' models.

Arguments in short form: a host puts the list before its model in every conversation.  What is left out (titles,
lengths, open bounds, empty defaults, that an optional argument may also be null) is checked on the call all the same.
The plan is an object there; its schema is the resource shotwright://schema/shotplan.
"""

from typing import Any

from shotwright.tools.studio.wire import DryRun
from shotwright.tools.verbs import Verb

UNSAID = frozenset(
    {
        "title",
        "additionalProperties",
        "maxLength",
        "minLength",
        "maxItems",
        "pattern",
        "exclusiveMinimum",
        "exclusiveMaximum",
    }
)
MOVES_TOLD = "generate_video"
"""The verb that spells a camera move out; the others name its parts."""
MOVE = {
    "type": "object",
    "description": "move, amount, speed, start, end, easing, as in generate_video",
}
KLING = {
    "type": "object",
    "description": "Kling's dialect (kling-2025 or kling-2026), type and config",
}
NAMED = ("properties", "$defs")
"""Under these the keys are names, not words of JSON Schema."""
NULL = {"type": "null"}
ANYTHING = {
    "anyOf": [{"type": t} for t in ("string", "number", "boolean", "object", "array", "null")]
}
"""The same as `{}`, which lint of hosts calls a schema that its author forgot."""


def argument_schema(verb: Verb) -> dict[str, Any]:
    """What the verb takes, in short, without references."""
    schema = verb.arguments.model_json_schema()
    parts = {**schema.pop("$defs", {}), "KlingCamera": KLING}
    if verb.name != MOVES_TOLD:
        parts["CameraMove"] = MOVE
    return {**_short(schema, parts), "additionalProperties": False}


def output_schema(verb: Verb) -> dict[str, Any]:
    """One object schema for what the verb may answer: its answer, its dry run, or an error."""
    schema = verb.answer.model_json_schema()
    schema.pop("required", None)
    properties = schema.setdefault("properties", {})
    if "dry_run" in verb.arguments.model_fields:
        properties.update(DryRun.model_json_schema()["properties"])
    properties.setdefault(
        "error",
        {"anyOf": [{"type": "object"}, NULL], "description": "code, message, fix, retryable, …"},
    )
    spelled: dict[str, Any] = _spelled(schema)
    return spelled


def _short(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_short(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        part = parts[schema["$ref"].removeprefix("#/$defs/")]
        told = {k: v for k, v in {**part, **schema}.items() if k != "$ref"}
        return _short(told, parts)
    short = {
        key: {name: _short(part, parts) for name, part in value.items()}
        if key == "properties"
        else _short(value, parts)
        for key, value in schema.items()
        if key not in UNSAID and not (key == "default" and not value)
    }
    forms = [form for form in short.get("anyOf", ()) if form != NULL]
    if len(forms) == 1:
        del short["anyOf"]
        return {**forms[0], **short}
    return {**short, "anyOf": forms} if forms else short


def _spelled(schema: Any) -> Any:
    """The schema with every property that may be anything saying so."""
    if isinstance(schema, list):
        return [_spelled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {
            name: _spelled(part) if _says(part) else {**part, **ANYTHING}
            for name, part in value.items()
        }
        if key in NAMED
        else _spelled(value)
        for key, value in schema.items()
    }


def _says(schema: dict[str, Any]) -> bool:
    return not schema.keys() <= {"title", "description", "default"}
