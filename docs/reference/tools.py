"""The tables of mcp.md: tools from the verbs, the rest from a server that is asked."""

import inspect
import json
import re
from collections.abc import Sequence
from functools import cache, partial
from typing import Any, get_args

import anyio
from docs.reference import markdown as md
from docs.reference.meanings import check, meaning
from mcp import Client
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shotwright.server import mcp as front
from shotwright.server import notices, tasks
from shotwright.server.schemas import argument_schema
from shotwright.tools.settings import from_environment
from shotwright.tools.studio import wire
from shotwright.tools.studio.studio import Studio
from shotwright.tools.verbs import VERBS, Verb

SHARED: dict[type[BaseModel], str] = {
    wire.Frame: "Of a new clip",
    wire.Look: "Of every rendering",
    wire.Call: "Of every job",
}
"""Arguments that several tools have, told once."""
MAKERS = [verb for verb in VERBS if issubclass(verb.arguments, wire.Call)]
"""The tools that make a job."""


@cache
def _shown() -> dict[str, Any]:
    """What a server tells a client."""
    return anyio.run(_asked)


async def _asked() -> dict[str, Any]:
    studio = Studio(from_environment({}))
    async with Client(front.StudioServer(studio)) as client:
        return {
            "protocol": client.protocol_version,
            "capabilities": client.server_capabilities,
            "instructions": client.instructions,
            "resources": (await client.list_resources()).resources,
            "templates": (await client.list_resource_templates()).resource_templates,
            "prompts": (await client.list_prompts()).prompts,
            "tools": (await client.list_tools()).tools,
        }


def server() -> str:
    """What it says of itself."""
    shown = _shown()
    listed = shown["capabilities"].model_dump(by_alias=True, exclude_none=True, mode="json")
    rows = [
        ("newest protocol", shown["protocol"]),
        ("capabilities", md.code(json.dumps(listed))),
        ("largest clip as a resource", f"{front.MAX_BLOB // 2**20} MiB"),
        ("longest `wait_s`", f"{wire.MAX_WAIT_S:g} s"),
        ("instructions to the model", str(shown["instructions"])),
    ]
    return md.table(("", ""), rows)


def overview() -> str:
    """One row a tool, with its annotations."""
    head = ("tool", "in short", "reads only", "deletes", "may be repeated", "reaches out")
    rows = [
        (
            md.linked(verb.name),
            verb.title,
            *(
                "yes" if hint else ""
                for hint in (verb.read_only, verb.destructive, verb.idempotent, verb.open_world)
            ),
        )
        for verb in VERBS
    ]
    return md.table(head, rows)


def tools() -> str:
    """Every tool with its arguments."""
    return "\n\n".join(map(_tool, VERBS))


def _tool(verb: Verb) -> str:
    schema = verb.arguments.model_json_schema()
    inherited = [base for base in SHARED if issubclass(verb.arguments, base)]
    others = {name for base in inherited for name in base.model_fields}
    # what the tool declares anew is its own, whatever else has the name
    own = [name for name in _declared(verb.arguments) if name in schema["properties"]]
    own += [name for name in schema["properties"] if name not in others and name not in own]
    assert set(argument_schema(verb)["properties"]) == set(own) | others, verb.name
    answers = md.linked(verb.answer.__name__)
    if verb in MAKERS:
        answers += f", with `dry_run` {md.linked('DryRun')}"
    parts = [
        f"### {verb.name}",
        re.sub(r"Example: (\{.*\})$", r"Example: `\1`", verb.description),
        md.arguments(schema, own, partial(meaning, verb.arguments.__name__)),
        f"Also: {'; '.join(map(_also, inherited))}." if inherited else "",
        f"Answers {answers}.",
    ]
    return "\n\n".join(filter(None, parts))


def _also(base: type[BaseModel]) -> str:
    title = SHARED[base]
    names = ", ".join(map(md.code, _declared(base)))
    return f"[{title[0].lower()}{title[1:]}](#{md.anchor(title)}) {names}"


def _declared(base: type[BaseModel]) -> list[str]:
    """The fields that a class has of its own."""
    return [name for name in inspect.get_annotations(base) if name in base.model_fields]


def shared() -> str:
    """The arguments that several tools have."""
    return "\n\n".join(
        f"### {title}\n\n{_given(base.__name__, base.model_json_schema(), _declared(base))}"
        for base, title in SHARED.items()
    )


def _given(name: str, schema: md.Schema, fields: Sequence[str]) -> str:
    return md.arguments(schema, fields, partial(meaning, name))


def _definitions(models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    _, found = models_json_schema([(model, "validation") for model in models])
    return dict(found["$defs"])


def parts() -> str:
    """The objects inside arguments."""
    named = {verb.arguments.__name__ for verb in VERBS}
    found = _definitions([verb.arguments for verb in VERBS])
    return "\n\n".join(
        f"### {name}\n\n{schema.get('description', '')}\n\n{_given(name, schema, [*schema['properties']])}"
        for name, schema in found.items()
        if name not in named
    )


def answers() -> str:
    """The objects that come back."""
    models: list[type[BaseModel]] = [
        *dict.fromkeys(verb.answer for verb in VERBS),
        wire.DryRun,
        wire.Take,
    ]
    found = _definitions(models)
    check({**found, **_definitions([verb.arguments for verb in VERBS])})
    told = []
    for name, schema in found.items():
        rows = md.answer(schema, partial(meaning, name))
        told += [f"### {name}", schema.get("description", ""), rows]
    return "\n\n".join(filter(None, told))


def resources() -> str:
    """What can be read."""
    shown = _shown()
    found = [(str(r.uri), r) for r in shown["resources"]]
    found += [(r.uri_template, r) for r in shown["templates"]]
    rows = [(md.code(uri), r.title, r.mime_type, r.description or "") for uri, r in found]
    return md.table(("address", "what", "type", ""), rows)


def player() -> str:
    """The tools under which a host may show the player."""
    return ", ".join(md.code(tool.name) for tool in _shown()["tools"] if tool.meta) + "."


def prompts() -> str:
    """What a user may start with."""
    rows = [
        (
            md.code(p.name),
            ", ".join(md.code(a.name) for a in p.arguments),
            f"{p.title}. {p.description}",
        )
        for p in _shown()["prompts"]
    ]
    return md.table(("prompt", "argument", "what"), rows)


def task_facts() -> str:
    """The Tasks extension in figures."""
    rows = [
        ("extension", md.code(tasks.IDENTIFIER)),
        ("protocol", ", ".join(sorted(tasks.VERSIONS))),
        ("tools", ", ".join(md.code(verb.name) for verb in MAKERS)),
        ("status", ", ".join(map(md.code, get_args(tasks.Status)))),
        ("`pollIntervalMs`", str(tasks.POLL_MS)),
        ("a change is told within about", f"{notices.LOOK_S:g} s, as `{notices.JOBS_URI}{{id}}`"),
    ]
    return md.table(("", ""), rows)
