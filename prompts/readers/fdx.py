"""Final Draft's FDX -> script.  XML from strangers: no entities, no external references."""

import re
from typing import Any
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from shotwright.prompts.readers.channel import parse_note
from shotwright.prompts.readers.script import Element, Script, bad_script

_KINDS: dict[str, Any] = {
    "Scene Heading": "heading",
    "Action": "action",
    "General": "action",
    "Shot": "action",
    "Character": "cue",
    "Parenthetical": "parenthetical",
    "Dialogue": "dialogue",
    "Lyrics": "dialogue",
    "Singing": "dialogue",
    "Transition": "transition",
    "New Act": "aside",
    "End of Act": "aside",
    "Outline 1": "aside",
    "Cast List": "aside",
}


def read_fdx(text: str) -> Script:
    """The paragraphs in order; spans refer to their text, one a line.

    Raises: BadRequest(code="invalid_script") for broken XML, entities, or a file without a script.
    """
    try:
        # a declared encoding is about bytes; this is text already
        root = fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1))
    except DefusedXmlException as error:
        raise bad_script(
            f"The FDX file declares entities or a document type ({type(error).__name__}), which no "
            "screenplay needs.",
            text[:80],
            fix="Save the screenplay again in Final Draft, or send it as Fountain or plain text.",
        ) from error
    except ParseError as error:
        raise bad_script(
            f"The FDX file is broken XML: {error}.",
            text[:80],
            fix="Save the screenplay again in Final Draft, or send it as Fountain or plain text.",
        ) from error
    content = root.find("Content")
    if root.tag != "FinalDraft" or content is None:
        raise bad_script(
            f"The XML file <{root.tag}> is no Final Draft screenplay with <Content>.",
            root.tag,
            fix="Send an FDX file, or the script as Fountain or plain text.",
        )
    lines: list[str] = []
    elements: list[Element] = []
    at = 0
    remarks = {inner for note in content.iter("ScriptNote") for inner in note.iter("Paragraph")}
    for paragraph in content.iter("Paragraph"):
        if paragraph in remarks:
            continue
        words = _words(paragraph)
        notes = [note for n in paragraph.iter("ScriptNote") if (note := _inside(n))]
        kind = _KINDS.get(paragraph.get("Type", ""), "action")
        for place, line in enumerate([words, *notes]):
            if not line:
                continue
            # a note stands right at the words that it was written to
            gap = "" if not lines else "\n" if place else "\n\n"
            at += len(gap)
            end = at + len(line)
            elements.append(_element(kind if place == 0 else "note", line, at, end))
            lines.append(gap + line)
            at = end
    source = "".join(lines)
    if not any(c.isalnum() for c in source):
        raise bad_script(
            "The FDX file holds no words.",
            text[:80],
            fix="Send a screenplay with at least one scene.",
        )
    return Script(source, source, tuple(elements), "fdx", _title(root))


def _element(kind: Any, line: str, start: int, end: int) -> Element:
    if kind == "parenthetical":
        return Element(kind, line.strip("()（） "), start, end)  # noqa: RUF001
    if kind == "note":
        return Element(kind, line, start, end, parse_note(line) or {})
    return Element(kind, line, start, end)


def _words(paragraph: Node) -> str:
    """The paragraph's own text, without its notes; a dual dialogue holds paragraphs instead."""
    if paragraph.find("DualDialogue") is not None:
        return ""
    return "".join(run.text or "" for run in paragraph.findall("Text")).strip()


def _inside(note: Node) -> str:
    return " ".join("".join(note.itertext()).split())


def _title(root: Node) -> dict[str, str]:
    """The first line of the title page."""
    for paragraph in root.findall("TitlePage/Content/Paragraph"):
        if words := _words(paragraph):
            return {"title": words}
    return {}
