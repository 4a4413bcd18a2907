"""Passes of a pipeline's networks, counted; the two of a guided step made in one of two clips, where that fits.

Most pipelines put both into one call themselves.  Those of Wan and SkyReels ask twice a step, with the same latents and
other words.  Which words come second is heard where the pipeline reads them; whether the second pass will be asked for
is the pipeline's own `do_classifier_free_guidance`, read at each step anew.  Knows no family.
"""

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

DOUBLED = (
    "hidden_states",
    "timestep",
    "encoder_hidden_states_image",
    "control_hidden_states",
    "fps",
)
"""Arguments of a network with a row a clip; others are the same for all clips."""


class Passes:
    """What the networks of one checkpoint are asked for.

    It lies below all hooks of diffusers and accelerate, which come and go: networks are given to it before any.
    """

    def __init__(self, networks: Sequence[Any], *, together: bool) -> None:
        """together: both passes of a guided step in one; may be changed between renderings."""
        self.together = together
        self._made: Counter[int] = Counter()
        self._pipeline: Any = None
        self._negative: Tensor | None = None
        self._latents: Any = None
        self._second: tuple[Tensor, ...] = ()
        for network in networks:
            forward = network.forward
            asked = functools.partial(self._ask, network, forward)
            network.forward = functools.wraps(forward)(asked)

    def told(self) -> dict[str, int]:
        """For a take's record: how many passes the last rendering took, by how many clips each held."""
        return {str(clips): passes for clips, passes in sorted(self._made.items())}

    def begin(self) -> None:
        """Of another rendering."""
        self._made.clear()

    @contextmanager
    def of(self, pipeline: Any) -> Iterator[None]:
        """During one call of a pipeline; its `encode_prompt` is listened to."""
        if not self.together:
            yield
            return
        read = pipeline.encode_prompt

        def encode_prompt(*arguments: Any, **named: Any) -> Any:
            answer = read(*arguments, **named)
            self._negative = answer[1]
            return answer

        pipeline.encode_prompt, self._pipeline = encode_prompt, pipeline
        try:
            yield
        finally:
            del pipeline.encode_prompt
            self._pipeline = self._negative = self._latents = None
            self._second = ()

    def _ask(self, network: Any, forward: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        latents = named.get("hidden_states")
        if latents is not None and latents is self._latents:
            answer, self._latents, self._second = self._second, None, ()
            return answer
        if self._negative is None or not self._pipeline.do_classifier_free_guidance:
            return self._count(forward, *arguments, **named)
        doubled = {
            name: _twice(value) if name in DOUBLED and value is not None else value
            for name, value in named.items()
        }
        words = named["encoder_hidden_states"]
        doubled["encoder_hidden_states"] = torch.cat([words, self._negative.to(words)])
        # what a step cache remembers of two clips is of no use to a pass of one, once guidance has stopped
        with network.cache_context("both"):
            halves = [answer.chunk(2) for answer in self._count(forward, **doubled)]
        self._latents, self._second = latents, tuple(second for _, second in halves)
        return tuple(first for first, _ in halves)

    def _count(self, forward: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        # the latents: by position, or by whatever name the network has for them
        clips = arguments[0] if arguments else next(iter(named.values()))
        self._made[len(clips)] += 1
        return forward(*arguments, **named)


def _twice(rows: Any) -> Any:
    return torch.cat([rows, rows]) if isinstance(rows, Tensor) else [*rows, *rows]
