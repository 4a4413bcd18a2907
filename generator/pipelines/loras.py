"""LoRAs on a loaded pipeline: brought in when first asked for, active for one rendering, nothing of them left after."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Given
from shotwright.generator.pipelines.loading import checked_lora, foreign


class Loras:
    """Those of a card that one loading of its pipeline holds."""

    def __init__(self, card: Card, models: Path) -> None:
        self.card, self.models = card, models
        self._held: set[str] = set()

    @contextmanager
    def active(self, pipeline: Any, names: Sequence[str]) -> Iterator[None]:
        """These on `pipeline`, each with its card's weight.

        Raises: RenderFailed (model_damaged) for one that cannot be used.
        """
        if not names:
            yield
            return
        for name in names:
            if name not in self._held:
                self._bring(pipeline, name)
        weights = [self.card.loras[name].weight for name in names]
        try:
            pipeline.enable_lora()
            pipeline.set_adapters(list(names), weights)
            yield
        finally:
            pipeline.disable_lora()

    def _bring(self, pipeline: Any, name: str) -> None:
        """Raises: RenderFailed where it is for another base: peft's own error lists tensors and no cure.

        Then all LoRAs leave: what is left of a half-loaded one would break those that are loaded after it.
        """
        path, lora = checked_lora(self.card, name, self.models), self.card.loras[name]
        try:
            for part in lora.parts:
                into = {"load_into_transformer_2": True} if part == "transformer_2" else {}
                pipeline.load_lora_weights(
                    path.parent, weight_name=path.name, adapter_name=name, **into
                )
            loaded = pipeline.get_list_adapters().values()
        except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
            pipeline.unload_lora_weights()
            self._held.clear()
            if isinstance(error, torch.OutOfMemoryError):  # a RuntimeError too
                raise
            reason = " ".join(line.strip() for line in str(error).strip().splitlines()[:2])
            raise foreign(self.card, name, reason or repr(error)) from error
        if not any(name in adapters for adapters in loaded):
            raise foreign(self.card, name, "none of its tensors is the network's")
        self._held.add(name)


def of_moves(card: Card, given: Given) -> list[str]:
    """The LoRAs that make the asked camera moves.  Raises: BadRequest for a move that none makes."""
    if not given.moves or card.camera_native != "loras":
        return []
    by_move = {lora.move: name for name, lora in card.loras.items() if lora.move}
    for move in given.moves:
        whole = (move.start, move.end) == (0.0, 1.0)
        if move.move not in by_move or not whole:
            raise BadRequest(
                f"{card.name} has no LoRA for {move.move}"
                f"{'' if whole else ' over a part of the clip'}; it has {', '.join(by_move)}.",
                code="unsupported_mode",
                field="camera",
                value=move.move,
                allowed=list(by_move),
                fix="choose one of these moves over the whole clip, or another mechanism",
            )
    return [by_move[move.move] for move in given.moves]
