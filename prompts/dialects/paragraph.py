"""Dialects that are one paragraph of plain sentences and differ in their order: Wan 2.1, HunyuanVideo, CogVideoX,
prose.

Sources of the orders: the form that each family's own prompt rewriter asks for; the words are ours.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

from dataclasses import dataclass
from typing import Literal

from shotwright.prompts.dialects.base import Compiled, Mode, ShotText
from shotwright.prompts.dialects.families import families
from shotwright.prompts.dialects.prose import (
    angle_words,
    camera_sentence,
    joined,
    place_words,
    sentence,
    size_words,
    subject_words,
    time_words,
)

Part = Literal["style", "lead", "action", "setting", "light", "camera"]


@dataclass(frozen=True)
class Paragraph:
    """A family's paragraph: its parts in order.  With a given picture only the action and the camera are said."""

    family: str
    order: tuple[Part, ...]

    def compile(self, text: ShotText, mode: Mode) -> Compiled:
        language = text.language
        parts: dict[Part, str] = {
            "action": sentence(text.action, language),
            "camera": camera_sentence(text, language),
        }
        if mode == "t2v":
            parts |= {
                "lead": _lead(text),
                "setting": _setting(text),
                "light": sentence(text.light, language),
                "style": _style(text),
            }
        prompt = joined([parts.get(name, "") for name in self.order], language)
        return Compiled(prompt, negative=families()[self.family].avoided(text))


def _lead(text: ShotText) -> str:
    """ "A wide shot from a low angle of a red ball." """
    size, angle = size_words(text, text.language), angle_words(text, text.language)
    subject = subject_words(text)
    if text.language == "zh":
        return sentence("，".join(part for part in (size, angle, subject) if part), "zh")
    shot = " ".join(part for part in (size, angle) if part)
    if not shot:
        return sentence(subject, "en")
    article = "an" if shot[:1] in "aeiou" else "a"
    return sentence(f"{article} {shot}" + (f" of {subject}" if subject else ""), "en")


def _setting(text: ShotText) -> str:
    place, time = place_words(text), time_words(text, text.language)
    if text.language == "zh":
        return sentence(
            "，".join(part for part in (place and f"场景是{place}", time) if part), "zh"
        )
    setting = f"the setting is {place}" if place else ""
    return sentence(", ".join(part for part in (setting, time) if part), "en")


def _style(text: ShotText) -> str:
    if not text.style:
        return ""
    return sentence(
        f"风格：{text.style}" if text.language == "zh" else f"style: {text.style}", text.language
    )


PARAGRAPHS: dict[str, Paragraph] = {
    "wan-2.1": Paragraph("wan-2.1", ("style", "lead", "action", "setting", "light", "camera")),
    # the summary first, camera and style as its tail
    "hunyuan": Paragraph("hunyuan", ("lead", "action", "setting", "light", "camera", "style")),
    # captions as it was trained on: what is seen, then where, then how it is filmed
    "cogvideox": Paragraph("cogvideox", ("lead", "action", "setting", "light", "style", "camera")),
    "prose": Paragraph("prose", ("lead", "action", "setting", "camera", "light", "style")),
}
PARAGRAPHS["hunyuanvideo"] = PARAGRAPHS["hunyuan"]
"""By the name that a model card gives; a family goes by its full name too."""
