"""A segment's tries: the first whose seam does not show is kept, else the best; and how a take's drift is told."""

from typing import Any

import numpy as np

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames
from shotwright.generator.mini.world import render, sample_scene
from shotwright.tools.studio.continuing import (
    LAST_FRAME,
    continued,
    drift_of,
    keep,
    make,
    seams_of,
)

CARD = load_catalog().get("mini")
SPEC = ClipSpec(CARD.name, "a red ball", "", 64, 64, 17, 8, 5, 4, 4.0)
SCENE = sample_scene(
    np.random.default_rng(4), camera="static", weather="clear", time="day", action="sways"
)
WHOLE = render(SCENE, frames=40, height=64, width=64).frames


def planned(overlap: int = 5) -> dict[str, Any]:
    return {"spec": SPEC.to_json(), "overlap": overlap, "method": "clean latent prefix"}


def good() -> Frames:
    return WHOLE[12:29]


def bad(by: int) -> Frames:
    """The same, jumping aside by `by` pixels after the overlap."""
    made = good().copy()
    made[5:] = np.roll(made[5:], by, axis=2)
    return made


def run(renders: list[Frames], tries: int = 3, **named: Any) -> tuple[dict[str, Any], list[int]]:
    seeds: list[int] = []

    def draw(number: int, spec: ClipSpec) -> Frames:
        seeds.append(spec.seed)
        return renders[number]

    asked = {"before": WHOLE[:17], "anchor": None, "anchored": True, **named}
    made = make(planned(), tries=tries, render=draw, **asked)
    assert len(made.frames) == 12
    return made.facts, seeds


def test_the_first_seam_that_does_not_show_ends_the_tries() -> None:
    facts, seeds = run([bad(20), good(), bad(9)])
    assert len(seeds) == 2 and seeds[0] == SPEC.seed and seeds[1] != SPEC.seed
    seam = facts["seam"]
    assert seam["pass"] and seam["seed"] == seeds[1]
    assert [score["pass"] for score in seam["tries"]] == [False, True]
    assert seam["method"] == "clean latent prefix" and seam["overlap_frames"] == 5


def test_of_seams_that_all_show_the_least_is_kept_with_all_scores() -> None:
    facts, seeds = run([bad(20), bad(8), bad(24)])
    shows = [score["shows"] for score in facts["seam"]["tries"]]
    assert len(seeds) == 3 and facts["seam"]["shows"] == min(shows) > 1
    assert not facts["seam"]["pass"]


def test_a_try_that_has_drifted_too_far_is_the_last_choice() -> None:
    grey = good().copy()
    grey[5:] = grey[5:].mean(3, keepdims=True).astype(np.uint8)
    facts, _ = run([grey, bad(20)], tries=2)
    assert facts["seam"]["tries"][0]["beyond"] and not facts["age"]["beyond"]


def test_what_begins_anew_has_no_seam_and_is_the_anchor() -> None:
    made = make(
        planned(0), before=None, anchor=None, anchored=False, tries=3, render=lambda n, s: good()
    )
    assert np.array_equal(made.frames, good())
    assert made.facts["seam"] is None and made.facts["age"] is None
    assert set(made.facts["anchor"]) == {"lab", "chroma", "contrast", "sharpness"}


def test_with_other_words_the_first_new_segment_is_the_anchor() -> None:
    facts, _ = run([good()], anchored=False)
    assert facts["age"] is None
    later, _ = run([good()], anchor=facts["anchor"])
    assert later["age"]["beyond"] == [] and later["anchor"] == facts["anchor"]


def test_a_continuation_is_planned_with_the_cards_overlap_and_guidance() -> None:
    segment = continued(CARD, {"spec": SPEC.to_json(), "overlap": 0})
    assert segment["overlap"] == CARD.overlap_frames == 5
    assert segment["spec"]["guidance"] == CARD.extend_guidance
    assert continued(CARD, segment, LAST_FRAME)["overlap"] == 1


def test_a_segment_past_a_limit_of_drift_ends_the_take_and_is_shown_only_if_there_is_no_other() -> (
    None
):
    sound: dict[str, Any] = {"age": {"colour": 3.0, "beyond": []}}
    far: dict[str, Any] = {"age": {"colour": 40.0, "beyond": ["colour"]}}
    made: list[dict[str, Any]] = []
    assert keep(made, {"age": None}) is None and keep(made, sound) is None
    assert keep(made, far) == {"segment": 2, "colour": 40.0, "beyond": ["colour"]}
    assert len(made) == 2
    alone: list[dict[str, Any]] = []
    assert keep(alone, far) is not None and alone == [far]


def test_seams_and_drift_are_told_at_their_frames() -> None:
    old = {"colour": 1.0, "beyond": []}
    pieces: list[dict[str, Any]] = [
        {"frames": 9, "seam": None, "age": None, "anchor": {"lab": [1, 2, 3]}},
        {"frames": 4, "seam": {"frame": 16, "pass": True}, "age": old, "anchor": {}},
        {"frames": 4, "seam": {"frame": 16, "pass": True}, "age": old, "anchor": {}},
    ]
    assert [seam["frame"] for seam in seams_of(pieces, 10)] == [19, 23]
    stop = {"segment": 3, "beyond": ["colour"]}
    drift = drift_of(pieces, 10, stop)
    assert drift is not None and drift["stopped"] == stop
    assert [at["frame"] for at in drift["curve"]] == [19, 23]
    assert drift_of(pieces[:1], 0, None) is None
