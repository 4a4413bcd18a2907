"""A film's parts in the order in which they are rendered, and its takes by shot.  Plain data: no queue, no store."""

from collections.abc import Mapping, Sequence
from typing import Any


def chains_of(parts: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """Numbers of parts in groups, each in order: one that starts from another's take is in the group of that one.

    Groups of one model follow one another, so that a worker uses a loaded model up before it loads the next.
    """
    chains: list[list[int]] = []
    for index, part in enumerate(parts):
        befores = {end["part"] for name in ("after", "until") if (end := part.get(name))}
        joined = [chain for chain in chains if befores & set(chain)]
        merged = sorted([index, *(number for chain in joined for number in chain)])
        chains = [*(chain for chain in chains if chain not in joined), merged]
    models = [part["segments"][0]["spec"]["model"] for part in parts]
    return sorted(chains, key=lambda chain: (models.index(models[chain[0]]), chain))


def by_shot(parts: Sequence[Mapping[str, Any]], made: Sequence[str]) -> dict[str, list[str]]:
    """Take ids by shot id, in the order of the parts; keyframes are no takes of a shot."""
    found: dict[str, list[str]] = {}
    for part, take_id in zip(parts, made, strict=True):
        if "keyframe" not in part:
            found.setdefault(part["shot"], []).append(take_id)
    return found
