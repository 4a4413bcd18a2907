"""The deeds of `shotwright models` on weights: check, download, verify, remove, and what fits this machine.

Typed options in, one table or JSON object out; what the deeds are is the generator's.
Try: shotwright models --check
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.errors import BadRequest, Conflict, DownloadFailed, RenderFailed
from shotwright.tools.settings import Settings, make_home

if TYPE_CHECKING:
    from shotwright.generator.weights import State

DEEDS = {
    "check": "say which weights are here, of all models or one",
    "download": "fetch a model's weights from the hub, going on where an earlier download stopped",
    "verify": "compare every byte of a model's weights with their hashes",
    "remove": "delete a model's downloaded weights",
    "fit": "say what fits this machine, how, and at what expected speed",
}


def options() -> dict[str, tuple[Any, Any]]:
    """The options by name, as the command takes them."""
    return {
        name: (bool, typer.Option(False, f"--{name}", help=told)) for name, told in DEEDS.items()
    }


def asked(typed: Mapping[str, Any]) -> str:
    """The deed that is asked for; empty for none.  Raises: BadRequest for two."""
    found = [name for name in DEEDS if typed[name]]
    if len(found) > 1:
        raise BadRequest(
            f"--{found[0]} and --{found[1]} are two deeds.",
            field=found[1],
            value=True,
            allowed=f"one of {', '.join(f'--{name}' for name in DEEDS)}",
            fix="give one after the other",
        )
    return found[0] if found else ""


@dataclass(frozen=True)
class _Desk:
    settings: Settings
    cards: Mapping[str, Card]
    chosen: Sequence[Card]
    as_json: bool

    @property
    def models(self) -> Path:
        return self.settings.home / "models"


def carry_out(deed: str, model: str | None, settings: Settings, *, as_json: bool) -> int:
    """Do it and tell; the exit code.  Raises: BadRequest for a deed that needs a model's name."""
    catalog = load_catalog(settings.home / "cards")
    if model is None and deed not in ("check", "fit"):
        raise BadRequest(
            f"--{deed} needs the name of a model.",
            field="model",
            allowed=list(catalog.cards),
            fix=f"shotwright models --{deed} NAME",
        )
    chosen = list(catalog.cards.values()) if model is None else [catalog.get(model)]
    if chosen[0].family == "engine" and deed not in ("check", "fit"):
        raise BadRequest(
            f"{model} is rendered by the engine at {chosen[0].source}: its weights are not here.",
            field="model",
            value=model,
            fix="leave them to that engine",
        )
    deeds: dict[str, Callable[[_Desk], int]] = {
        "check": _check,
        "download": _download,
        "verify": _verify,
        "remove": _remove,
        "fit": _fit,
    }
    return deeds[deed](_Desk(settings, catalog.cards, chosen, as_json))


def _check(desk: _Desk) -> int:
    from shotwright.generator.weights import size_of
    from shotwright.server import terminal

    found = [(card, _states(card, desk.models)) for card in desk.chosen]
    bodies = [_body(card, states) for card, states in found]
    if desk.as_json:
        terminal.say_json({"models": bodies, "folder": str(desk.models)})
    else:
        rows = [
            (
                card.name + (f" + {state.need.lora}" if state.need.lora else ""),
                state.word,
                size_of(state.total_bytes) if state.total_bytes else "",
                state.revision[:12],
                state.why or str(state.folder),
            )
            for card, states in found
            for state in states
        ]
        terminal.table(("model", "weights", "size", "revision", "where, or why not"), rows)
    return 0 if len(bodies) > 1 or bodies[0]["state"] == "ready" else 1


def _states(card: Card, models: Path) -> list["State"]:
    """How a card's needs stand, the heads of those that are here read as loading would."""
    from shotwright.generator.memory import gguf_of
    from shotwright.generator.pipelines.loading import check_checkpoint, checked_lora
    from shotwright.generator.weights import look, needs

    def read(state: "State") -> "State":
        try:
            if state.ready and state.need.lora:
                checked_lora(card, state.need.lora, models)
            elif state.ready:
                check_checkpoint(card, models, apart=gguf_of(card, models))
        except RenderFailed as error:
            return replace(state, why=error.message)
        return state

    return [read(look(need, models)) for need in needs(card)]


def _body(card: Card, states: Sequence["State"]) -> dict[str, Any]:
    """A card's weights as JSON: the checkpoint's facts, and its LoRAs' below."""
    facts = [
        {
            "source": state.need.source,
            "state": state.word,
            "why": state.why,
            "kind": state.kind,
            "revision": state.revision or None,
            "folder": None if state.folder is None else str(state.folder),
            "bytes": state.total_bytes or None,
            "lacking": list(state.lacking),
            "lacking_bytes": state.lacking_bytes,
        }
        for state in states
    ]
    loras = {
        state.need.lora: told for state, told in zip(states, facts, strict=True) if state.need.lora
    }
    checkpoint = facts[0] if facts else {"source": card.source, "state": "ready", "kind": "engine"}
    return {"name": card.name, "licence": card.licence, **checkpoint, "loras": loras}


def _download(desk: _Desk) -> int:
    from huggingface_hub import constants, get_token

    from shotwright.generator.downloads import download
    from shotwright.generator.hub import Hub
    from shotwright.generator.weights import look, needs
    from shotwright.server import terminal

    card = desk.chosen[0]
    asked = any(look(need, desk.models).kind == "hub" for need in needs(card))
    if constants.HF_HUB_OFFLINE and asked:
        raise DownloadFailed(
            "HF_HUB_OFFLINE is set, so no hub is asked.", fix="unset it", retryable=False
        )
    make_home(desk.settings)
    # the settings of the hub's own programs, so that a mirror and a login count here too
    hub = Hub(constants.ENDPOINT, get_token())
    try:
        with terminal.transferring() as told:
            states = [download(card, need, desk.models, hub, told=told) for need in needs(card)]
    except KeyboardInterrupt:
        terminal.remark("stopped; the same command goes on from here")
        raise
    finally:
        hub.close()
    _tell(desk, _body(card, states), f"{card.name} is here; its licence: {card.licence}")
    return 0


def _verify(desk: _Desk) -> int:
    from shotwright.generator.downloads import verify
    from shotwright.generator.memory import gguf_of
    from shotwright.generator.pipelines.loading import check
    from shotwright.generator.weights import needs
    from shotwright.server import terminal

    card = desk.chosen[0]
    with terminal.transferring() as told:
        states = [verify(card, need, desk.models, told=told) for need in needs(card)]
    check(card, desk.models, apart=gguf_of(card, desk.models))
    hashed = all(state.recorded for state in states)
    told_as = (
        "every byte is right" if hashed else "whole, by a look; hashes are known of downloads only"
    )
    _tell(desk, {**_body(card, states), "hashed": hashed}, f"{card.name}: {told_as}")
    return 0


def _remove(desk: _Desk) -> int:
    from shotwright.generator.downloads import remove
    from shotwright.generator.weights import size_of
    from shotwright.server import terminal

    card = desk.chosen[0]
    _check_unused(desk.settings, card)
    with terminal.transferring() as told:
        removed = remove(card, desk.cards, desk.models, told=told)
    body = {
        "name": card.name,
        "freed_bytes": removed.bytes,
        "kept_loras": list(removed.kept),
        "also_without_weights": list(removed.shared),
    }
    freed = f"{size_of(removed.bytes)} freed" if removed.bytes else "nothing was downloaded"
    told_as = [f"{card.name}: {freed}"]
    if removed.kept:
        told_as.append(f"kept, because other models here use them: {', '.join(removed.kept)}")
    if removed.shared:
        told_as.append(f"the same weights were those of {', '.join(removed.shared)}")
    _tell(desk, body, "; ".join(told_as))
    return 0


def _check_unused(settings: Settings, card: Card) -> None:
    """Raises: Conflict where a job is rendered with the model, or will be."""
    from shotwright.tools.studio.queue import JobQueue

    make_home(settings)
    queue = JobQueue(settings)
    try:
        for job in queue.live():
            parts = queue.plan(job["job_id"])["parts"]
            if card.name in {
                s["spec"]["model"] for part in parts for s in part.get("segments", ())
            }:
                raise Conflict(
                    f"{job['job_id']} is {job['state']}, with {card.name}.",
                    field="model",
                    value=card.name,
                    fix=f"wait for it, or shotwright cancel {job['job_id']}",
                )
    finally:
        queue.close()


def _fit(desk: _Desk) -> int:
    from shotwright.generator.fit import table
    from shotwright.generator.pipelines import usable_device
    from shotwright.server import terminal
    from shotwright.server.worker import has_gpu
    from shotwright.tools.studio.queue import JobQueue

    make_home(desk.settings)
    device, why = usable_device("cuda:0" if has_gpu() else "cpu")
    chip = "cpu" if device == "cpu" else why  # as a worker names it
    jobs = JobQueue(desk.settings)
    try:
        rows = table(
            desk.chosen,
            device=device,
            models=desk.models,
            timed=lambda model: jobs.timings.of(model, chip),
        )
    finally:
        jobs.close()
    if desk.as_json:
        terminal.say_json({"device": device, "chip": chip, "rows": [row.body() for row in rows]})
    else:
        terminal.show_fits(chip, rows)
    return 0


def _tell(desk: _Desk, body: dict[str, Any], text: str) -> None:
    from shotwright.server import terminal

    if desk.as_json:
        terminal.say_json(body)
    else:
        terminal.say(text)
