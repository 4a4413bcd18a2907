"""The LLM at work for the verbs: what is asked of it is taken from settings, cards and scripts.

Which model, how long, and what it is told of the film's model stands here; how it is asked, in `prompts/llm`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shotwright.generator.camera import Move
from shotwright.generator.catalog import Card
from shotwright.prompts import coverage
from shotwright.prompts.llm import DIRECT_S, Llm, LlmFailed, Story, Writer, write_plan
from shotwright.prompts.readers import Brief, Script, speakers_of
from shotwright.prompts.readers import read as read_script
from shotwright.prompts.rewriter import NO_LLM, Rewritten, Target, rewrite
from shotwright.prompts.shotplan import ShotPlan
from shotwright.tools.settings import Settings

WORKFLOW_S = 180.0
"""What an LLM has in a job, where nobody waits."""
LONGEST_SHOT_S = 15.0
LONGEST_STORY = 20_000
"""Letters of a script that an LLM is given: what it can plan in one answer, some 20 minutes of film."""


def writer_of(
    settings: Settings, *, seconds: float = DIRECT_S, watch: Callable[[], None] | None = None
) -> Writer | None:
    """The LLM that is set, None where there is none.  Raises: BadRequest for settings that name none."""
    if settings.llm is None:
        return None
    llm = Llm(settings.llm, settings.llm_base_url, settings.llm_api_key)
    return Writer(llm, seconds, settings.home / "answers", watch)


def target_of(card: Card, models: Path) -> Target:
    """What a prompt for this card must be; models: folder of downloaded weights."""
    return Target(card.dialect, card.languages, card.max_tokens, tokenizer_of(card, models))


def tokenizer_of(card: Card, models: Path) -> Path | None:
    """The folder of the checkpoint's tokenizer, where the checkpoint is on this machine."""
    from importlib.resources import files

    scheme, _, inside = card.source.partition(":")
    if scheme == "shotwright":
        folders = [Path(str(files("shotwright.generator").joinpath(inside)))]
    else:
        # the layout of the hub's cache: a folder a repository, in it one a revision
        cached = models / f"models--{card.source.replace('/', '--')}" / "snapshots"
        folders = [Path(card.source).expanduser(), *sorted(cached.glob("*"))]
        folders.sort(key=lambda folder: folder.name != card.revision)
    return next((f / "tokenizer" for f in folders if (f / "tokenizer").is_dir()), None)


def said_of(card: Card, made: Rewritten) -> list[dict[str, str]]:
    """The warnings of a rewritten prompt."""
    if not made.unknown_words:
        return list(made.warnings)
    message = f"{card.name} does not know: {', '.join(made.unknown_words)}."
    return [{"code": "unknown_words", "message": message}, *made.warnings]


def write_prompts(
    card: Card, parts: list[dict[str, Any]], writer: Writer | None, models: Path
) -> list[dict[str, Any]]:
    """The parts with the prompts that an LLM writes; those that wait for none as they are.

    Raises: BadRequest (unsupported_language) where it fails and the model does not read the user's own words.
    """
    made: dict[str, Rewritten] = {}
    target = target_of(card, models)
    for part in parts:
        told = part.get("words") or {}
        key = _key(told)
        if told.get("write") and key not in made:  # the takes of a shot have the same words
            made[key] = rewrite(
                told["original"],
                dialect=target,
                mode=told["mode"],
                moves=[Move(**move) for move in told["moves"]],
                writer=writer,
            )
    return [
        _with_words(card, part, made[key], target)
        if (key := _key(part.get("words") or {})) in made
        else part
        for part in parts
    ]


def _key(told: dict[str, Any]) -> str:
    """The same for parts whose prompts are written in the same way."""
    return json.dumps([told.get(name) for name in ("write", "original", "mode", "moves")])


def _with_words(
    card: Card, part: dict[str, Any], made: Rewritten, target: Target
) -> dict[str, Any]:
    negative = part["words"]["negative"]
    if negative is None:
        negative = made.negative or card.negative
    words = {"prompt": made.prompt, "negative_prompt": negative}
    over = part.get("over")
    if over is not None and over["prompt"] is not None:
        # what is rendered over the clip at rest names the camera's moves
        moves = [Move(**move) for move in over["said"]]
        again = rewrite(made.text, dialect=target, mode=part["words"]["mode"], moves=moves)
        over = {**over, "prompt": again.prompt}
    others = [warning for warning in part["warnings"] if warning["code"] not in _OF_WORDS]
    return {
        **part,
        "segments": [{**s, "spec": {**s["spec"], **words}} for s in part["segments"]],
        "over": over,
        "words": {**part["words"], **made.told()},
        "unknown_words": list(made.unknown_words),
        "warnings": [*others, *said_of(card, made)],
    }


_OF_WORDS = ("unknown_words", "prompt_shortened", "prompt_too_long", "llm_failed")
"""Warnings that belong to a prompt, and go with it."""


@dataclass(frozen=True)
class Written:
    """A plan and who wrote it: director (rules), llm or caller; why: why nobody else did.

    coverage: `{line, sentence, shot, shots}`, shot None where no shot holds the sentence; report: what a script
    supervisor would object to; diff: what an LLM lost, put back and added of the user's words.
    """

    plan: ShotPlan
    writer: str
    coverage: list[dict[str, Any]]
    warnings: list[dict[str, str]]
    why: str = ""
    diff: dict[str, Any] | None = None
    report: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "plan": self.plan.model_dump(mode="json"),
            "writer": self.writer,
            "coverage": self.coverage,
            "report": self.report,
            "warnings": self.warnings,
            "why": self.why,
            "diff": self.diff,
        }


def by_llm(
    written: Written,
    writer: Writer | None,
    card: Card,
    *,
    script: str | None,
    brief: dict[str, Any] | None,
    style: str | None,
) -> Written:
    """The director's plan as an LLM writes it; the director's own, with the reason, where it gives none that holds.

    A plan that the caller wrote stays as it is.
    """
    if written.writer != "director":
        return replace(written, why=written.why or "the caller sent it")
    if writer is None:
        return replace(written, why=NO_LLM)
    text = script if script is not None else _told(brief or {})
    draft, reads = written.plan, target_of(card, Path()).reads()
    story = Story(
        text=text,
        language=draft.language,
        write_in=draft.language if draft.language in reads else reads[0],
        style=style or "",
        aspect_ratio=draft.aspect_ratio,
        shot_s=card.frames.default / card.fps,
        min_s=card.frames.minimum / card.fps,
        max_s=LONGEST_SHOT_S,
        about=brief or {},
    )
    try:
        if len(text) > LONGEST_STORY:
            raise LlmFailed(f"the script has {len(text)} letters, an LLM is given {LONGEST_STORY}")
        made = write_plan(writer, story)
    except LlmFailed as failure:
        why = f"{writer.llm.name} did not write it: {failure}"
        warning = {"code": "llm_failed", "message": f"{why}. The director wrote the plan."}
        return replace(written, why=why, warnings=[*written.warnings, warning])
    why = f"{writer.llm.name} wrote it in {made.seconds:g} s"
    found = Written(made.plan, "llm", [], list(made.warnings), why, made.check.to_json())
    asked_s = brief.get("length_s") if brief else None
    return measured(
        found, text, read=None if script is None else read_script(script), asked_s=asked_s
    )


def _told(brief: dict[str, Any]) -> str:
    """A brief's words as sentences, to be kept like a script's."""
    points = brief.get("selling_points") or []
    listed = [points] if isinstance(points, str) else list(points)
    words = [brief.get("product"), *listed]
    return "\n".join(str(word).strip() for word in words if word)


def measured(
    written: Written,
    script: str,
    *,
    read: Script | Brief | dict[str, Any] | None = None,
    asked_s: float | None = None,
) -> Written:
    """The plan with its coverage; what the report finds is among the warnings too."""
    speakers: tuple[str, ...] = ()
    if isinstance(read, Script):
        # a table's or an FDX's own text, and without the notes of a screenplay
        script = "" if read.exact else read.text
        speakers = () if read.exact else speakers_of(read)
    found = coverage.cover(written.plan, script, speakers=speakers, asked_s=asked_s)
    rows = [
        {
            "line": line.line,
            "sentence": line.text,
            "shot": line.shots[0] if line.shots else None,
            "shots": list(line.shots),
        }
        for line in found.lines
    ]
    said = any(warning["code"] == "length_changed" for warning in written.warnings)
    more = [w for w in coverage.warnings_of(found) if not (said and w["code"] == "length_differs")]
    return replace(
        written, coverage=rows, report=found.to_json(), warnings=[*written.warnings, *more]
    )


def story_of(script: str | None, brief: dict[str, Any] | None) -> dict[str, Any]:
    """What a film's plan is measured against: `{script, brief}`; a brief written as text is a brief."""
    if script is not None and brief is None:
        read = read_script(script)
        if isinstance(read, Brief):
            return {
                "script": None,
                "brief": {**vars(read), "selling_points": [*read.selling_points]},
            }
    return {"script": script, "brief": brief}


def product_of(story: dict[str, Any]) -> str | None:
    """What a brief is about; None where there is none."""
    return None if story["brief"] is None else str(story["brief"]["product"])


def measured_again(written: Written, story: dict[str, Any]) -> Written:
    """The plan, changed since, measured against its story anew; what was found before is forgotten."""
    others = [w for w in written.warnings if w["code"] not in coverage.CODES]
    fresh = replace(written, warnings=others)
    script, brief = story["script"], story["brief"]
    if brief is not None:
        lines = [brief["product"], *brief["selling_points"]]
        return measured(fresh, "\n\n".join(lines), asked_s=brief.get("length_s"))
    if script is None:
        return measured(fresh, "")
    read = read_script(script)
    return measured(fresh, "" if isinstance(read, dict) else script, read=read)
