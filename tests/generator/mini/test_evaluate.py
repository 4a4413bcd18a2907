"""The measures on inputs whose answer is known, and the judge on renders."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shotwright.generator.camera import Pose
from shotwright.generator.catalog import load_catalog
from shotwright.generator.inspect.camera import measure
from shotwright.generator.mini import judge, report, text, trials, words
from shotwright.generator.mini.report import Figure, Strip
from shotwright.generator.mini.world import Scene, camera_path, render
from shotwright.generator.mini.world.scene import FACTORS

CARD = load_catalog().get("mini")
JUDGE = Path(__file__).parents[2] / "data" / "judge.safetensors"


def test_psnr_is_known_for_a_known_error() -> None:
    a = np.full((3, 8, 8, 3), 100, np.uint8)
    b = a.copy()
    b[1] += 10
    assert trials.psnr(a, b) == pytest.approx([80, 20 * math.log10(25.5), 80])


def test_a_step_is_the_mean_difference_from_the_frame_before() -> None:
    clip = np.zeros((4, 8, 8, 3), np.uint8)
    clip[2:] = 12
    assert [trials.step_at(clip, frame) for frame in (1, 2, 3)] == [0, 12, 0]


def test_flicker_and_blocks_are_seen() -> None:
    smooth = np.broadcast_to(np.arange(64, dtype=np.uint8)[None, None, :, None], (3, 64, 64, 3))
    tiled = smooth // 8 * 8
    assert trials.block_edges(smooth) == pytest.approx(1)
    assert trials.block_edges(tiled) > 100
    flicker = np.stack([smooth[0], smooth[0] + 6, smooth[0]]).astype(np.uint8)
    assert trials.mean_step(smooth) == 0 and trials.mean_step(flicker) == pytest.approx(6)


@pytest.mark.parametrize("move", words.values("camera"))
def test_a_full_move_is_named_and_so_is_half_of_it(move: str) -> None:
    path = camera_path(move, 17)
    first, last = path[0], path[-1]
    amounts = CARD.camera_amounts
    for share in (1.0, 0.5):
        total = Pose(
            pan_deg=share * (last.pan_deg - first.pan_deg),
            tilt_deg=share * (last.tilt_deg - first.tilt_deg),
            roll_deg=share * (last.roll_deg - first.roll_deg),
            zoom_ratio=(last.zoom_ratio / first.zoom_ratio) ** share,
        )
        assert trials.camera_word(total, amounts) == move


def test_a_small_drift_counts_as_static() -> None:
    drift = Pose(pan_deg=3, tilt_deg=-2, roll_deg=5, zoom_ratio=1.1)
    assert trials.camera_word(drift, CARD.camera_amounts) == "static"


def test_the_camera_of_real_clips_is_named_by_registration() -> None:
    for move in words.values("camera"):
        scene = Scene("red", "car", "rests", "day", "city", move, seed=12)
        clip = render(scene, frames=9, height=64, width=112).frames
        total = measure(clip, hfov_deg=CARD.hfov_deg).total
        assert trials.camera_word(total, CARD.camera_amounts) == move


def test_opposites_are_opposed_both_ways_and_nothing_else_is() -> None:
    opposed = {
        (a, b)
        for a in words.values("camera")
        for b in words.values("camera")
        if trials.opposed(a, b)
    }
    assert len(opposed) == 8 and ("zoom_out", "zoom_in") in opposed
    assert all((b, a) in opposed for a, b in opposed)


def test_trials_hold_every_value_equally_often_and_repeat() -> None:
    chosen = trials.trials(CARD, 36, seed=1)
    for factor in FACTORS:
        counts = Counter(getattr(t.scene, factor) for t in chosen)
        assert set(counts.values()) == {36 // len(words.values(factor))}
    assert chosen == trials.trials(CARD, 36, seed=1)
    assert {(t.width, t.height) for t in chosen} == set(CARD.sizes.values())


def test_a_trials_prompt_says_each_of_its_values() -> None:
    tokenizer = text.build_tokenizer()
    for trial in trials.trials(CARD, 36, seed=2):
        said = tokenizer.convert_ids_to_tokens(tokenizer(trial.prompt)["input_ids"])
        assert said == [f"<{token}>" for token in trial.scene.tokens]


def test_the_shipped_judge_is_small_and_right_about_renders_of_every_size() -> None:
    assert JUDGE.stat().st_size <= 4_000_000
    right = judge.accuracy(judge.load(JUDGE), judge.held_out(60, seed=31))
    assert min(right[f] for f in ("colour", "time", "place")) >= 0.95
    assert right["subject"] >= 0.9 and right["action"] >= 0.75


def test_the_judge_takes_other_sizes_by_scaling_the_short_side() -> None:
    clip = np.zeros((11, 128, 224, 3), np.uint8)
    assert judge.prepare(clip).shape == (1, 3, 9, 64, 112)


def test_the_table_shows_value_n_chance_ceiling_and_gate() -> None:
    figures = [
        Figure("a", "hits", 0.5, 12, chance=0.25, ceiling=0.9, gate=0.8),
        Figure("b", "gap", 1.0, 3, "dB", gate=2, at_most=True),
    ]
    rows = report.table(figures).splitlines()[2:]
    assert rows == [
        "| hits | 0.5 | 12 | 0.25 | 0.9 | >= 0.8 | **not yet** |",
        "| gap | 1 dB | 3 |  |  | <= 2 | reached |",
    ]


def test_what_is_not_obeyed_is_said_with_its_figures() -> None:
    figures = [
        Figure("a", "hits", 0.5, 12, chance=0.25, ceiling=0.9, gate=0.8),
        Figure("b", "fine", 0.9, 12, gate=0.8),
        Figure("c", "ungated", 0.3, 12, chance=0.2, ceiling=0.9),
        Figure("d", "seconds", 3.0, 12),
    ]
    assert report.failings(figures) == [
        "hits: 0.5, asked is at least 0.8 (chance is 0.25).",
        "ungated: 0.3, the ceiling is 0.9 (chance is 0.2).",
    ]


def test_the_model_card_holds_the_table_and_the_run() -> None:
    figures = [Figure("a", "hits", 0.5, 12, chance=0.25, ceiling=0.9, gate=0.8)]
    card = report.model_card(
        figures,
        parameters={"transformer": 2_500_000},
        megabytes=7.0,
        shapes="64x64",
        sampling="20 steps",
        training=report.Training(1000, 60.0, 150_000, "2 CPU cores"),
        command="python -m x",
    )
    assert report.table(figures) in card and report.failings(figures)[0] in card
    assert "60 minutes on 2 CPU cores, 1000 steps, 150k clip presentations" in card


def test_a_sheet_has_a_strip_a_clip(tmp_path: Path) -> None:
    clip = np.full((9, 64, 112, 3), 200, np.uint8)
    report.sheet([Strip(clip, ("one",)), Strip(clip, ("two", "lines"))], tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.height == 68 and picture.width == 2 * (5 * 116 + 270)
        assert picture.getpixel((5, 5)) == (200, 200, 200)
