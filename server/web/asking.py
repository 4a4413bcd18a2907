"""What a page's form asks, as a verb's arguments; and what a verb's call looks like elsewhere.

Fields bear the names of the arguments; an empty one was not given.  Knows no requests.
Try: python -m pytest tests/server/web/test_asking.py
"""

import difflib
import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.wire import DELIVERY
from shotwright.tools.verbs import BY_NAME

STRUCTURED = ("camera", "keyframes", "edits", "plan", "brief", "images")
"""Fields that may hold JSON."""


def arguments(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The arguments of a form; numbers and yes or no stay text, which the verb's own model reads.

    Raises: BadRequest for JSON that does not parse.
    """
    asked: dict[str, Any] = {}
    for name, text in pairs:
        if text.strip():
            asked[name] = _value(name, text)
    words = asked.pop("camera_words", None)
    if words is not None:
        asked.setdefault("camera", words)
    return asked


def _value(name: str, text: str) -> Any:
    if name not in STRUCTURED or text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if name == "camera":  # "[Zoom in]" is a bracket command
            return text
        raise BadRequest(
            f"{name} is not JSON: {error}.",
            field=name,
            value=text[:200],
            allowed="JSON",
            fix="mend it, or open the page again",
        ) from error


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """The way from one text to another: ("same" | "gone" | "new", words), by words."""
    old, new = before.split(), after.split()
    plain = difflib.SequenceMatcher(
        None, [w.strip(".,;").lower() for w in old], [w.strip(".,;").lower() for w in new]
    )
    found: list[tuple[str, str]] = []
    for kind, a, b, c, d in plain.get_opcodes():
        if kind == "equal":
            found.append(("same", " ".join(new[c:d])))
            continue
        if a < b:
            found.append(("gone", " ".join(old[a:b])))
        if c < d:
            found.append(("new", " ".join(new[c:d])))
    return found


def replayed(verb: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request of a slate as arguments: without how that one call was run."""
    known = BY_NAME[verb].arguments.model_fields
    return {k: v for k, v in request.items() if k in known and k not in DELIVERY}


def as_mcp(verb: str, request: Mapping[str, Any]) -> str:
    call = {"method": "tools/call", "params": {"name": verb, "arguments": dict(request)}}
    return json.dumps(call, ensure_ascii=False, indent=2)


def as_command(verb: str, request: Mapping[str, Any]) -> str:
    """The command line of a POSIX shell."""
    words = ["shotwright", BY_NAME[verb].command]
    for name, value in request.items():
        option = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(option if value else "--no-" + option[2:])
        elif isinstance(value, list):
            for entry in value if value and isinstance(value[0], str) else [value]:
                words += [option, _word(entry)]
        else:
            words += [option, _word(value)]
    return shlex.join(words)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_python(verb: str, request: Mapping[str, Any], base_url: str) -> str:
    """A program for another machine; for this one `Studio()` is enough."""
    named = "".join(f"        {name}={value!r},\n" for name, value in request.items())
    return (
        "from shotwright.tools import Studio\n\n"
        f"with Studio({base_url!r}) as studio:\n"
        f"    job = studio.{verb}(\n{named}    )\n"
        "    print(studio.result(job))\n"
    )
