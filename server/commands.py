"""Each verb as a command: its options are made from the verb's pydantic arguments, by name.

snake_case becomes --kebab-case, lists are repeated, objects are JSON text, `@file` reads a file.  What is typed goes to
the verb as it is, so that the command line refuses with the same errors as every other front.
Knows no terminal.  Try: python -m pytest tests/server/test_main.py
"""

import inspect
import json
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shotwright.generator.errors import BadRequest
from shotwright.tools.verbs import Verb

MAIN: dict[str, tuple[str, ...]] = {
    "generate_video": ("prompt",),
    "extend_video": ("video",),
    "move_camera": ("image",),
    "generate_image": ("prompt",),
    "make_film": ("script",),
    "plan_shots": ("script",),
    "rewrite_prompt": ("prompt",),
    "view_video": ("video",),
    "check_video": ("video",),
    "list_models": ("model",),
    "import_media": ("source",),
    "export_film": ("film_id",),
    "delete_media": ("id",),
    "get_job": ("job_id",),
    "cancel_job": ("job_id",),
    "set_priority": ("job_id", "priority"),
}
"""The arguments of each verb that can be given without a name, in this order."""

FROM_FILE = ("script", "plan", "brief", "edits", "keyframes")
"""Arguments for which `@file` means what the file holds."""

_WORD = "_word"


def parameters(verb: Verb) -> list[inspect.Parameter]:
    """The command's parameters: positional words, then an option for every argument.

    An option that was not given is None, and stays away from the verb: its defaults are the verb's own.
    """
    fields = _own_first(verb.arguments)
    words = [
        _parameter(
            name + _WORD, str, typer.Argument(None, metavar=name.upper(), help=_help(fields[name]))
        )
        for name in MAIN.get(verb.name, ())
    ]
    return words + [_option(name, info) for name, info in fields.items()]


def arguments(verb: Verb, given: dict[str, Any]) -> dict[str, Any]:
    """The verb's arguments from what was typed.

    Raises: BadRequest for an argument given twice, JSON that does not parse, a file that cannot be read.
    """
    asked: dict[str, Any] = {}
    for name, info in verb.arguments.model_fields.items():
        word, option = given.get(name + _WORD), given.get(name)
        if word is not None and option not in (None, []):
            raise BadRequest(
                f"{name} is given twice, as a word and as --{_kebab(name)}.",
                field=name,
                value=word,
                allowed="one of the two",
                fix="leave one out",
            )
        value = word if word is not None else option
        if value is not None and value != []:
            asked[name] = _value(name, info, value)
    return asked


def _own_first(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields with the verb's own before the inherited ones, as a reader looks for them."""
    names = [n for cls in model.__mro__ for n in inspect.get_annotations(cls)]
    return {n: model.model_fields[n] for n in dict.fromkeys(names) if n in model.model_fields}


def _option(name: str, info: FieldInfo) -> inspect.Parameter:
    kebab = f"--{_kebab(name)}"
    kind = _kind(info.annotation)
    if kind == "flag":
        option = typer.Option(
            None, f"{kebab}/--no-{_kebab(name)}", help=_help(info), show_default=_shown(info)
        )
        return _parameter(name, bool, option)
    # A job is followed to its end unless the option is given: the verb's own default would mislead.
    shown = name != "wait_s" and _shown(info)
    option = typer.Option(None, kebab, help=_help(info), metavar=_metavar(info), show_default=shown)
    return _parameter(name, list[str] if kind.startswith("list") else str, option)


def _parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind | None
    )


def _kind(annotation: Any) -> str:
    """flag, text, json, list of text, list of json, or words (text, or JSON for its structured forms)."""
    kinds = [part for part in _parts(annotation) if part is not type(None)]
    if kinds == [bool]:
        return "flag"
    lists = [part for part in kinds if get_origin(part) is list]
    if lists and len(kinds) == 1:
        return "list of json" if _structured(get_args(lists[0])[0]) else "list of text"
    structured = [part for part in kinds if get_origin(part) is list or _structured(part)]
    if not structured:
        return "text"
    return "json" if len(structured) == len(kinds) else "words"


def _parts(annotation: Any) -> list[Any]:
    """The members of a union, `Annotated` and nested unions opened."""
    if hasattr(annotation, "__metadata__"):
        return _parts(annotation.__origin__)
    if get_origin(annotation) in (None, list, dict, Literal):
        return [annotation]
    return [part for member in get_args(annotation) for part in _parts(member)]


def _structured(part: Any) -> bool:
    return get_origin(part) is dict or (isinstance(part, type) and issubclass(part, BaseModel))


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _help(info: FieldInfo) -> str:
    """The field's description and its limits."""
    limits = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    rules = [
        f"{word} {getattr(rule, key)}"
        for rule in info.metadata
        for key, word in limits.items()
        if isinstance(getattr(rule, key, None), int | float)
    ]
    return "; ".join(filter(None, [info.description, " ".join(rules)]))


def _metavar(info: FieldInfo) -> str:
    kind = _kind(info.annotation)
    if kind == "words":
        return "WORDS|JSON"
    if kind.endswith("json"):
        return "JSON"
    choices = [
        c for part in _parts(info.annotation) if get_origin(part) is Literal for c in get_args(part)
    ]
    if choices:
        return "|".join(map(str, choices))
    names = {int: "INTEGER", float: "NUMBER"}
    return next((names[part] for part in _parts(info.annotation) if part in names), "TEXT")


def _shown(info: FieldInfo) -> bool | str:
    """The verb's default for the help; the option's own is None, "not given"."""
    if info.is_required() or info.default in (None, "", False) or info.default_factory is not None:
        return False
    return "yes" if info.default is True else str(info.default)


def _value(name: str, info: FieldInfo, given: Any) -> Any:
    kind = _kind(info.annotation)
    if kind == "list of json":
        entries = [_json(name, _text(name, text)) for text in given]
        return [e for entry in entries for e in (entry if isinstance(entry, list) else [entry])]
    if kind == "json":
        return _json(name, _text(name, given))
    if kind == "words":
        return _words(name, given)
    return _text(name, given) if name in FROM_FILE else given


def _text(name: str, given: str) -> str:
    """What was typed, or what the file after an @ holds."""
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(
            f"{name}: the file {given[1:]} cannot be read: {error}.",
            field=name,
            value=given,
            allowed="@ and the path of a text file in UTF-8",
            fix="check the path, or type the text itself",
        ) from error


def _words(name: str, given: str) -> Any:
    """JSON when it is an object or a list of them, else the words, bracket commands ("[Zoom in]") among them."""
    return _json(name, given) if re.match(r"\s*(\{|\[\s*[{\]])", given) else given


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(
            f"{name} is not JSON: {error}.",
            code="invalid_plan" if name == "plan" else "invalid_argument",
            field=name,
            value=text[:200],
            allowed="JSON text, or @file with JSON in it",
            fix=f"quote it for the shell: --{_kebab(name)} '{{...}}'",
        ) from error
