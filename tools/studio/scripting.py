"""A job's plan once an LLM has written what waited for it: the prompts of clips, or a whole film.

The front resolved the same job by rules already, so that its errors are told at once, and so that the job can go on
with what the director wrote where the LLM gives nothing that holds.  Knows no queue.
"""

from typing import Any

import anyio

from shotwright.generator.errors import BadRequest
from shotwright.prompts.llm import Writer
from shotwright.prompts.shotplan import parse_plan
from shotwright.tools.studio import wire
from shotwright.tools.studio.binding import bind
from shotwright.tools.studio.shots import FilmState, film_warnings, plan_parts
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.writing import Written, by_llm, product_of, write_prompts

MAX_SHOTS = 200
"""Shots that one job films."""


def waits_for_llm(plan: dict[str, Any]) -> bool:
    """Whether a job's plan has something that an LLM is to write first.

    It stays so when that is written: a workflow that is resumed must find the same steps.
    """
    return "story" in plan or any((part.get("words") or {}).get("write") for part in plan["parts"])


def written(studio: Studio, plan: dict[str, Any], writer: Writer | None) -> dict[str, Any]:
    """The plan as the LLM wrote it; writing it again gives the same.

    Raises: BadRequest (unsupported_language), see `write_prompts`.
    """
    if "story" in plan:
        return _film(studio, plan, writer)
    name = plan["parts"][0]["segments"][0]["spec"]["model"]
    models = studio.settings.home / "models"
    parts = write_prompts(studio.catalog.get(name), plan["parts"], writer, models)
    return {**plan, "parts": parts}


def _film(studio: Studio, plan: dict[str, Any], writer: Writer | None) -> dict[str, Any]:
    film = plan["film"]
    draft = Written(parse_plan(film["plan"]), "director", film["coverage"], [])
    made = by_llm(draft, writer, studio.catalog.get(film["look"]["model"]), **plan["story"])
    if made.writer != "llm":
        return _with_director(plan, made.why, made.warnings)
    try:
        return {**plan, **anyio.run(_resolved, studio, film, made)}
    except BadRequest as error:  # a plan that holds, and that this model cannot film
        why = f"the LLM's plan cannot be filmed: {error.message}"
        return _with_director(plan, why, [{"code": "llm_failed", "message": why}])


def _with_director(
    plan: dict[str, Any], why: str, warnings: list[dict[str, str]]
) -> dict[str, Any]:
    film = {**plan["film"], "why": why, "warnings": [*plan["film"]["warnings"], *warnings]}
    return {**plan, "film": film}


async def _resolved(studio: Studio, film: dict[str, Any], made: Written) -> dict[str, Any]:
    """The film's parts anew, from the LLM's plan."""
    check_count(len(made.plan.shots), "script")
    asked = film["request"]
    look = dict(film["look"])
    level = look.pop("level", None)
    a = wire.MakeFilm.model_validate(asked).model_copy(update=look)
    record = None
    if a.film_id is not None:
        record = await studio.blocking(studio.store.read_record, "films", a.film_id)
    told = bind(made.plan, a.images, product_of(film["story"]))
    parts, shots, clips = await plan_parts(
        studio, a, asked, made.plan, FilmState.of(record), bound=told.shots, level=level
    )
    noted = film.get("noted") or {"adjustments": [], "warnings": []}
    for part in parts:
        part["film_id"] = film["film_id"]
        part["adjustments"] = [*noted["adjustments"], *part["adjustments"]]
    changed = {
        "plan": made.plan.model_dump(mode="json"),
        "writer": "llm",
        "why": made.why,
        "diff": made.diff,
        "coverage": made.coverage,
        "report": made.report,
        "plan_warnings": made.warnings,
        "warnings": [
            *made.warnings,
            *told.warnings,
            *film_warnings(made.plan, clips),
            *noted["warnings"],
        ],
        "shots": shots,
    }
    return {"parts": parts, "film": {**film, **changed}}


def check_count(shots: int, field: str) -> None:
    """Raises: BadRequest for more shots than one job films."""
    if shots > MAX_SHOTS:
        raise BadRequest(
            f"the film has {shots} shots; at most {MAX_SHOTS} are made in one job.",
            code="invalid_plan",
            field=field,
            value=shots,
            allowed=MAX_SHOTS,
            fix="make it in several films",
        )
