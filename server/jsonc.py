"""One member put into or taken out of a JSON text by hand, as a person would: everything else keeps its bytes.

Comments and trailing commas (JSONC) are read where a host reads them.  Knows no hosts and no files.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from shotwright.generator.errors import BadRequest

_BLANK = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
_LINE_END = re.compile(r"[ \t]*(//[^\r\n]*|/\*[^\r\n]*?\*/)?")


@dataclass(frozen=True)
class Member:
    """`"key": value` and where it stands; `after` is behind its comma, or None without one."""

    key: str
    start: int
    node: "Node"
    after: int | None


@dataclass(frozen=True)
class Node:
    """A value and its place in the text; of an object also its members."""

    value: Any
    start: int
    end: int
    members: tuple[Member, ...] | None = None

    def member(self, key: str) -> Member | None:
        """The last of this name: the one that readers take."""
        return next((m for m in reversed(self.members or ()) if m.key == key), None)


@dataclass
class _Reader:
    """Reads JSON with places; `lenient` allows comments and trailing commas.  Raises ValueError."""

    text: str
    lenient: bool
    at: int = field(default=0)

    def document(self) -> Node:
        self.skip()
        node = self.value()
        self.skip()
        if self.at < len(self.text):
            raise self.wrong("nothing more")
        return node

    def skip(self) -> None:
        while True:
            blank = _BLANK.match(self.text, self.at)
            assert blank is not None
            self.at = blank.end()
            comment = _COMMENT.match(self.text, self.at) if self.lenient else None
            if comment is None:
                return
            self.at = comment.end()

    def value(self) -> Node:
        start = self.at
        first = self.text[start : start + 1]
        if first == "{":
            return self.object()
        if first == "[":
            return self.array()
        return Node(self.plain(), start, self.at)

    def plain(self) -> Any:
        """A text, number or word."""
        value, self.at = _DECODER.raw_decode(self.text, self.at)
        return value

    def object(self) -> Node:
        start, members = self.at, list[Member]()
        self.at += 1
        while self.more("}", bool(members) and members[-1].after is None):
            began = self.at
            if self.text[began] != '"':
                raise self.wrong("a name in quotes")
            key = self.plain()
            self.expect(":")
            self.skip()
            node = self.value()
            members.append(Member(key, began, node, self.comma()))
        self.closed(members[-1].after if members else None)
        return Node({m.key: m.node.value for m in members}, start, self.at, tuple(members))

    def array(self) -> Node:
        start, values, after = self.at, list[Any](), None
        self.at += 1
        while self.more("]", bool(values) and after is None):
            values.append(self.value().value)
            after = self.comma()
        self.closed(after)
        return Node(values, start, self.at)

    def more(self, end: str, full: bool) -> bool:
        """Whether another item follows; `full`: the last had no comma, so none may."""
        self.skip()
        if self.at >= len(self.text) or (full and self.text[self.at] != end):
            raise self.wrong(f"a comma or {end!r}")
        return self.text[self.at] != end

    def comma(self) -> int | None:
        before = self.at
        self.skip()
        if self.text[self.at : self.at + 1] != ",":
            self.at = before
            return None
        self.at += 1
        return self.at

    def closed(self, comma: int | None) -> None:
        if comma is not None and not self.lenient:
            self.at = comma - 1
            raise self.wrong("no comma")
        self.at += 1

    def expect(self, mark: str) -> None:
        self.skip()
        if self.text[self.at : self.at + 1] != mark:
            raise self.wrong(repr(mark))
        self.at += 1

    def wrong(self, wanted: str) -> ValueError:
        return json.JSONDecodeError(f"expected {wanted}", self.text, self.at)


def read(text: str, *, lenient: bool) -> Node:
    """The text as JSON, or with `lenient` as JSON with comments and trailing commas; nothing at all is {}.

    Raises: ValueError for what is not.
    """
    if not text.strip():
        return Node({}, 0, len(text), ())
    try:
        return _Reader(text, lenient).document()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def put(text: str, table: str, key: str, value: Any, *, lenient: bool) -> str:
    """The text with `{table: {key: value}}` in it.  Raises ValueError (no JSON), BadRequest (no room for it)."""
    root = read(text, lenient=lenient)
    if not text.strip():
        return json.dumps({table: {key: value}}, indent=2, ensure_ascii=False) + "\n"
    if root.members is None:
        raise _not_an_object("the file", root.value)
    holder = root.member(table)
    if holder is None:
        return _added(text, root, table, {key: value})
    if holder.node.members is None:
        raise _not_an_object(table, holder.node.value)
    known = holder.node.member(key)
    if known is None:
        return _added(text, holder.node, key, value)
    indent = _indent_of(text, known.start)
    written = _dumped(value, text, "" if indent is None else indent, inline=indent is None)
    return text[: known.node.start] + written + text[known.node.end :]


def drop(text: str, table: str, key: str, *, lenient: bool) -> str:
    """The text without `key` in `table`; as it is where there is none.  Raises ValueError."""
    holder = read(text, lenient=lenient).member(table)
    member = holder.node.member(key) if holder else None
    if holder is None or member is None:
        return text
    members = holder.node.members or ()
    place = members.index(member)
    if place == 0:
        begin, comma = holder.node.start + 1, None
    else:
        begin, comma = _tail(text, members[place - 1])[0], members[place - 1].after
    if member.after is not None:
        return text[:begin] + text[member.after :]
    rest = text[member.node.end :]
    if comma is not None:  # it parted the one before from ours
        return text[: comma - 1] + text[comma:begin] + rest
    bare = rest.lstrip()
    return text[:begin] + (bare if bare.startswith("}") else rest)


def _not_an_object(what: str, value: Any) -> BadRequest:
    return BadRequest(
        f"{what} holds {json.dumps(value)[:50]} where an object is expected.",
        field=what,
        allowed="a JSON object",
        fix="mend the file by hand",
    )


def _added(text: str, holder: Node, key: str, value: Any) -> str:
    """The text with a last member in the object."""
    newline, unit = _style(text)
    if not holder.members:
        outer = _line_indent(text, holder.start)
        inner = outer + unit
        member = f"{json.dumps(key)}: {_dumped(value, text, inner)}"
        rest = text[holder.start + 1 :]
        close = newline + outer if rest.lstrip(" \t\r\n").startswith("}") else ""
        if close:
            rest = rest.lstrip(" \t\r\n")
        return text[: holder.start + 1] + newline + inner + member + close + rest
    last = holder.members[-1]
    place, ended = _tail(text, last)
    indent = _indent_of(text, last.start)
    inline = indent is None and not ended
    lead = " " if inline else newline + (indent or "")
    member = f"{lead}{json.dumps(key)}: {_dumped(value, text, indent or '', inline=inline)}"
    if last.after is not None:
        return text[:place] + member + "," + text[place:]
    return text[: last.node.end] + "," + text[last.node.end : place] + member + text[place:]


def _tail(text: str, member: Member) -> tuple[int, bool]:
    """Where the member's line of text ends, its comma and a comment behind it included; is it a // comment?"""
    end = member.after or member.node.end
    found = _LINE_END.match(text, end)
    if found is None or found[1] is None:
        return end, False
    return found.end(), found[1].startswith("//")


def _indent_of(text: str, start: int) -> str | None:
    """The white space before what stands first in its line; None for what does not."""
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return line if not line.strip(" \t") else None


def _line_indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _style(text: str) -> tuple[str, str]:
    """Line end and one step of indentation, as the text has them."""
    step = re.search(r"\n([ \t]+)\S", text)
    return ("\r\n" if "\r\n" in text else "\n"), (step[1] if step else "  ")


def _dumped(value: Any, text: str, indent: str, *, inline: bool = False) -> str:
    if inline:
        return json.dumps(value, ensure_ascii=False)
    newline, unit = _style(text)
    lines = json.dumps(value, ensure_ascii=False, indent=unit).split("\n")
    return (newline + indent).join(lines)
