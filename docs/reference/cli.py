"""The tables of cli.md: every command with its words and options, from the command line itself."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import typer
from docs.reference import markdown as md
from docs.reference.meanings import meaning as said

from shotwright.server.main import app
from shotwright.tools.studio import wire
from shotwright.tools.verbs import VERBS


@cache
def _commands() -> dict[str, Any]:
    """Every command by name."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("shotwright", [], resilient_parsing=True)
    return {name: group.get_command(context, name) for name in group.list_commands(context)}


VERB = {verb.command: verb for verb in VERBS}
"""Command -> verb."""


def overview() -> str:
    """One row a command."""
    rows = [
        (
            md.linked(f"shotwright {name}"),
            _short(command),
            md.code(VERB[name].name) if name in VERB else "",
        )
        for name, command in _commands().items()
    ]
    return md.table(("command", "", "verb"), rows)


def commands() -> str:
    """Those that are no verb."""
    found = _commands().items()
    return "\n\n".join(_command(name, command) for name, command in found if name not in VERB)


def verbs() -> str:
    """Those that are, after the options that many of them have."""
    named = [_verb(name, _commands()[name]) for name in VERB]
    return "\n\n".join([_shared(_commands()["generate"]), *named])


def _short(command: Any) -> str:
    told = command.short_help or command.help or ""
    return str(told).strip().partition("\n")[0].removesuffix(".")


def _command(name: str, command: Any) -> str:
    about = " ".join((command.help or "").split())
    options = _options(_context(name, command), command.params)
    return "\n\n".join(filter(None, [f"### shotwright {name}", about, options]))


def _context(name: str, command: Any) -> Any:
    return command.make_context(name, [], resilient_parsing=True)


def _verb(name: str, command: Any) -> str:
    """A verb's command; the options that every rendering has stand in a table of their own."""
    own = [param for param in command.params if not _is_shared(command, param)]
    words = [param for param in own if param.param_type_name == "argument"]
    line = " ".join(["shotwright", name, *(f"[{word.metavar}]" for word in words)])
    lines = [f"### shotwright {name}", f"`{line} [OPTIONS]`", _short(command) + "."]
    given = [param for param in own if param not in words]
    lines.append(_options(_context(name, command), given, VERB[name].arguments.__name__))
    if len(own) < len(command.params):
        lines.append("And those of [every command that renders](#of-every-command-that-renders).")
    return "\n\n".join(filter(None, lines))


def _is_shared(command: Any, param: Any) -> bool:
    renders = any(other.name == "no_wait" for other in command.params)
    return renders and param.name in {*wire.Call.model_fields, "no_wait", "as_json"}


def _shared(command: Any) -> str:
    shared = [param for param in command.params if _is_shared(command, param)]
    told = _options(_context("generate", command), shared)
    return f"### Of every command that renders\n\n{told}"


def _options(context: Any, params: Iterable[Any], owner: str = "") -> str:
    """As the help shows them: names, default, meaning; owner: of the arguments that the help says nothing of."""
    rows = []
    for param in params:
        names, about = param.get_help_record(context)
        meaning, _, rules = (
            about.partition("[") if about.startswith("[") else about.partition("  [")
        )
        if owner and (not meaning or meaning.startswith(("from ", "above "))):
            meaning = "; ".join(filter(None, [said(owner, param.name, {}), meaning]))
        told = re.search(r"default: \(?([^)\]]*)", rules)
        limits = re.search(r"[^ ;[]*<=?x[^]]*|x>=?[^]]*", rules)
        again = "repeatable" if param.multiple and "repeatable" not in meaning else ""
        parts = [meaning, _range(limits[0]) if limits else "", again]
        default = md.code(told[1]) if told else ""
        rows.append((md.code(_plain(names)), default, "; ".join(filter(None, parts))))
    return md.table(("option", "default", "meaning"), rows) if rows else ""


def _plain(names: str) -> str:
    """`--port <int range>` -> `--port INTEGER`, as the verbs' options say it."""
    kinds = {"str": "TEXT", "path": "PATH", "int": "INTEGER", "float": "NUMBER"}
    return re.sub(r"<(\w+)[^>]*>", lambda found: kinds[found[1]], names)


def _range(told: str) -> str:
    """0<=x<=9 -> from 0 to 9; x>=0 -> from 0."""
    least, _, most = told.partition("<=x<=")
    return f"from {least} to {most}" if most else f"from {told.partition('>=')[2]}"
