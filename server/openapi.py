"""The OpenAPI 3.1 document of the HTTP front, made from the verbs' own models.

Knows no requests.  Try: python -m pytest tests/server/test_http.py -k openapi
"""

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shotwright.generator.errors import CODES
from shotwright.server.kling.objects import STATES
from shotwright.server.kling.translate import KINDS
from shotwright.tools.studio import wire
from shotwright.tools.verbs import BY_NAME, VERBS, Verb

_REF = "#/components/schemas/{model}"
_ERRORS = {
    "400": "an argument is wrong",
    "401": "the token is missing or wrong",
    "403": "the Origin is not allowed",
    "404": "no such thing",
    "409": "the state of things does not allow it",
    "413": "beyond a limit",
    "421": "the Host is not allowed",
    "429": "too many jobs wait, or too many requests; Retry-After says when to come again",
    "500": "a fault of the server",
    "503": "no worker is alive; Retry-After says when to come again",
}


def document(*, secured: bool) -> dict[str, Any]:
    """The document; secured: a bearer token is demanded."""
    models: list[type[BaseModel]] = [verb.arguments for verb in VERBS]
    models += [verb.answer for verb in VERBS]
    models += [wire.Take, wire.DryRun, *(kind.body for kind in KINDS)]
    _, definitions = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], ref_template=_REF
    )
    schemas = {**definitions["$defs"], **_records()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Shotwright",
            "version": version("shotwright"),
            "description": "Video on your own GPU. Each verb is also an MCP tool at /mcp.",
        },
        "paths": {
            **{f"/api/{v.name}": {"post": _post(v)} for v in VERBS},
            **_reads(),
            **_kling(),
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}] if secured else [],
    }


def _post(verb: Verb) -> dict[str, Any]:
    required = any(field.is_required() for field in verb.arguments.model_fields.values())
    answer = _ref(verb.answer.__name__)
    if "dry_run" in verb.arguments.model_fields:
        answer = {"anyOf": [answer, _ref("DryRun")]}
    return {
        "operationId": verb.name,
        "summary": verb.title,
        "description": verb.description,
        "requestBody": {
            "required": required,
            "content": {"application/json": {"schema": _ref(verb.arguments.__name__)}},
        },
        "responses": _responses("200", "the answer", answer),
    }


def _reads() -> dict[str, Any]:
    """Everything that is no verb."""
    page = [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
        _query("cursor", {"type": "string"}),
    ]
    wait = BY_NAME["get_job"].arguments.model_json_schema()["properties"]["wait_s"]
    state = {"type": "string", "enum": ["queued", "running", "succeeded", "failed", "cancelled"]}
    takes = _object(
        {"takes": {"type": "array", "items": _ref("Take")}, "cursor": _or_null("string")}
    )
    health = _object(
        {
            "status": {"type": "string", "enum": ["ok", "failing"]},
            "version": {"type": "string"},
            "workers": {"type": "integer", "description": "workers that are alive"},
        }
    )
    return {
        "/api/jobs": _get("jobs", "Jobs", _ref("Jobs"), [_query("state", state), *page]),
        "/api/jobs/{id}": _get("job", "A job", _ref("Job"), [_path("id"), _query("wait_s", wait)]),
        "/api/takes": _get("takes", "Takes", takes, [_query("query", {"type": "string"}), *page]),
        "/api/takes/{id}": _get("take", "A take", _ref("Take"), [_path("id")]),
        "/api/films/{id}": _get("film", "A film", _ref("Film"), [_path("id")]),
        "/api/uploads": {"post": _upload()},
        "/files/{id}.mp4": {"get": _file("clip", "The MP4 of a take or film", "video/mp4")},
        "/files/{id}.png": {"get": _file("picture", "The PNG of a one-frame take", "image/png")},
        "/files/{id}.jpg": {
            "get": _file("sheet", "The contact sheet of a take or film", "image/jpeg")
        },
        "/openapi.json": _get("openapi", "This document", {"type": "object"}, []),
        "/health": _get("health", "Whether it works", health, []),
    }


def _kling() -> dict[str, Any]:
    """Kling's face: its own envelope, its own errors."""
    listed = [
        _query("pageNum", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1}),
        _query("pageSize", {"type": "integer", "minimum": 1, "maximum": 500, "default": 30}),
    ]
    paths: dict[str, Any] = {}
    for kind in KINDS:
        name = kind.path.partition("/")[2]
        body = {
            "required": True,
            "content": {"application/json": {"schema": _ref(kind.body.__name__)}},
        }
        paths[f"/v1/{kind.path}"] = {
            "post": {
                "operationId": f"kling_make_{name}",
                "summary": f"Kling's {name}: make a task",
                "requestBody": body,
                "responses": _enveloped(_ref("KlingTask")),
            },
            "get": {
                "operationId": f"kling_list_{name}",
                "summary": f"Kling's {name}: tasks, newest first",
                "parameters": listed,
                "responses": _enveloped({"type": "array", "items": _ref("KlingTask")}),
            },
        }
        paths[f"/v1/{kind.path}/{{id}}"] = {
            "get": {
                "operationId": f"kling_read_{name}",
                "summary": f"Kling's {name}: a task, by task_id or external_task_id",
                "parameters": [_path("id")],
                "responses": _enveloped(_ref("KlingTask")),
            }
        }
    return paths


def _enveloped(data: dict[str, Any]) -> dict[str, Any]:
    said = {
        "code": {"type": "integer", "description": "0, or one of Kling's service codes"},
        "message": {"type": "string"},
        "request_id": {"type": "string"},
    }
    good = {"application/json": {"schema": _object({**said, "data": data})}}
    bad = {"application/json": {"schema": _object(said)}}
    refusals = {
        status: {"description": told, "content": bad}
        for status, told in _ERRORS.items()
        if status != "409"  # which Kling has not
    }
    return {"200": {"description": "the task", "content": good}, **refusals}


def _get(name: str, title: str, answer: dict[str, Any], given: list[dict[str, Any]]) -> Any:
    return {
        "get": {
            "operationId": f"read_{name}",
            "summary": title,
            "parameters": given,
            "responses": _responses("200", "the answer", answer),
            **({"security": []} if name == "health" else {}),
        }
    }


def _upload() -> dict[str, Any]:
    raw = {"schema": {"type": "string", "format": "binary"}}
    form = {"schema": _object({"file": {"type": "string", "format": "binary"}})}
    return {
        "operationId": "upload",
        "summary": "Upload a picture or clip",
        "description": "The bytes as the body, or a form with the field `file`; up to 2 GiB.",
        "parameters": [_query("name", {"type": "string", "description": "the file's name"})],
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": raw, "multipart/form-data": form},
        },
        "responses": _responses("201", "kept", _ref("Upload")),
    }


def _file(name: str, title: str, media: str) -> dict[str, Any]:
    content = {media: {"schema": {"type": "string", "format": "binary"}}}
    ranged = {"name": "Range", "in": "header", "schema": {"type": "string"}}
    return {
        "operationId": f"read_{name}",
        "summary": title,
        "parameters": [_path("id"), ranged],
        "responses": {
            "200": {"description": "the file", "content": content},
            "206": {"description": "the bytes of the Range", "content": content},
            "416": {"description": "the Range lies outside the file"},
            **_refusals(),
        },
    }


def _responses(status: str, said: str, schema: dict[str, Any]) -> dict[str, Any]:
    good = {"description": said, "content": {"application/json": {"schema": schema}}}
    return {status: good, **_refusals()}


def _refusals() -> dict[str, Any]:
    content = {"application/json": {"schema": _ref("ErrorAnswer")}}
    return {status: {"description": said, "content": content} for status, said in _ERRORS.items()}


def _records() -> dict[str, Any]:
    """What no pydantic model says: errors, films, tasks of Kling's face."""
    text, whole, number = {"type": "string"}, {"type": "integer"}, {"type": "number"}
    anything: dict[str, Any] = {"description": "any JSON, or null"}
    error = {
        "code": {"type": "string", "enum": list(CODES)},
        "message": text,
        "fix": text,
        "retryable": {"type": "boolean"},
        "field": _or_null("string"),
        "value": anything,
        "allowed": anything,
    }
    film = {
        "film_id": text,
        "path": _or_null("string"),
        "url": _or_null("string"),
        "resource_uri": text,
        "duration_s": number,
        "plan": {"type": "object"},
        "takes": {"type": "array", "items": _ref("Take")},
    }
    listed = {"type": "array", "items": {"type": "object"}}
    task = {
        "task_id": text,
        "task_status": {"type": "string", "enum": sorted(set(STATES.values()))},
        "task_status_msg": text,
        "task_info": {"type": "object"},
        "created_at": {**whole, "description": "milliseconds since 1970"},
        "updated_at": whole,
    }
    result = {"type": "object", "properties": {"videos": listed, "images": listed}}
    kling_task = _object(task)
    kling_task["properties"]["task_result"] = result
    return {
        "KlingTask": kling_task,
        "Error": _object(error),
        "ErrorAnswer": _object({"error": _ref("Error")}),
        "Film": _object(film),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _or_null(kind: str) -> dict[str, Any]:
    return {"type": [kind, "null"]}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _REF.format(model=name)}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
