"""The measures on inputs whose answer is known, the judge on renders, the whole evaluation of an untrained model."""

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shotwright.generator.camera import Pose
from shotwright.generator.catalog import load_catalog
from shotwright.generator.errors import BadRequest
from shotwright.generator.inspect.drift import Drift
from shotwright.generator.mini import (
    codec,
    evaluate,
    figures,
    judge,
    network,
    report,
    trials,
    words,
)
from shotwright.generator.mini.figures import KINDS, Figure
from shotwright.generator.mini.recipe import TOY
from shotwright.generator.mini.report import Strip
from shotwright.generator.mini.world import Scene, camera_path, render
from shotwright.generator.mini.world.scene import AMOUNT_SHARES, FACTORS, choices

CARD = replace(
    load_catalog().get("mini"), camera_amounts={"pan": 20, "tilt": 12, "roll": 30, "zoom": 1.7}
)
REQUIRED = (
    *("vae_db", "time", "place", "colour", "subject", "action", "camera_family", "opposites"),
    *("first_gap_db", "last_gap_db", "prefix_gap_db", "seam_ratio", "zh_gap"),
)
FAMILIES = {trials.family(move) for move in words.values("camera")} - {None}


def figure(key: str, value: float, low: float, high: float, *, n: int = 48) -> Figure:
    return Figure(key, value, n, low, high, 1.0)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of the toy size that has learnt nothing, with a codec that fits."""
    folder = tmp_path_factory.mktemp("untrained") / "model"
    vae = codec.build(codec.fit(clips=40))
    network.assemble(network.Network(TOY, codec.CHANNELS), vae, folder)
    return folder


@pytest.fixture(scope="module")
def evaluated(untrained: Path) -> Path:
    """The folder of an evaluation on two clips a language."""
    out = untrained.parent
    arguments = ["--model", str(untrained), "--clips", "2", "--seed", "9", "--quality", "draft"]
    row = {"step": 250, "minutes": 4.5, "clips": 8000, "loss": 1.2, "held_out": 1.1}
    rows = [
        {**row, "step": 250 * i, "rise_percent": {"colour": i, "subject": 1}} for i in range(40)
    ]
    curve = out / "curve.jsonl"
    curve.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    arguments += ["--curve", str(curve), "--machine", "2 cores of a test"]
    written = {"--json": "figures.json", "--sheet": "sheet.png", "--card": "card.md"}
    files = [part for flag, name in written.items() for part in (flag, str(out / name))]
    assert evaluate.main([*arguments, *files]) == 0
    return out


def test_the_json_holds_every_figure_with_n_interval_and_ceiling(evaluated: Path) -> None:
    data = json.loads((evaluated / "figures.json").read_text(encoding="utf-8"))
    assert set(REQUIRED) <= set(KINDS) and set(KINDS) <= set(data)
    for key in KINDS:
        assert set(data[key]) == {"value", "n", "low", "high", "ceiling"}
        if data[key]["n"]:
            assert data[key]["low"] <= data[key]["value"] <= data[key]["high"], key
    assert all(data[key]["n"] > 0 and data[key]["ceiling"] is not None for key in REQUIRED)
    assert data["about"] | {"date": ""} == {
        "model": "model",
        "date": "",
        "seed": 9,
        "clips": 2,
        "quality": "draft",
    }
    assert len(data["clips"]) == 2 and set(data["clips"][0]["asked"]) >= set(judge.FACTORS)
    # given frames are clean latents whatever the model has learnt, and seeds repeat
    for key in ("first_gap_db", "last_gap_db", "prefix_gap_db"):
        assert abs(data[key]["value"]) < 0.2
    assert data["repeats"]["value"] == 1 and data["vae_db"]["value"] > 24


def test_the_card_and_the_sheet_are_written(evaluated: Path) -> None:
    card = (evaluated / "card.md").read_text(encoding="utf-8")
    found = figures.read(evaluated / "figures.json").figures
    assert "This is the CPU version" in card and report.table(found, "cpu") in card
    assert "--seed 9 --clips 2" in card and "minutes on 2 cores of a test, 9750 steps" in card
    curve = [line for line in card.splitlines() if line.startswith(("| 0 |", "| 9750 |"))]
    assert curve[0].endswith("| 0 | 1 |") and curve[-1].endswith("| 39 | 1 |")
    assert card.count("| 4.5 |") <= report.CURVE_ROWS
    with Image.open(evaluated / "sheet.png") as picture:
        assert picture.height > 300


def test_a_checkpoint_does_not_fall_below_itself(evaluated: Path) -> None:
    same = str(evaluated / "figures.json")
    assert evaluate.main(["--figures", same, "--against", same]) == 0


def test_a_worse_checkpoint_is_refused_with_the_figure_that_fell(
    evaluated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads((evaluated / "figures.json").read_text(encoding="utf-8"))
    level = data["vae_db"]["high"] + 1
    better = {**data, "vae_db": {**data["vae_db"], "value": level, "low": level, "high": level}}
    standing = tmp_path / "standing.json"
    standing.write_text(json.dumps(better), encoding="utf-8")
    new = str(evaluated / "figures.json")
    assert evaluate.main(["--figures", new, "--against", str(standing)]) == 1
    assert "Keep the standing checkpoint: vae_db fell." in capsys.readouterr().out


def test_figures_of_other_clips_are_not_compared(
    evaluated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads((evaluated / "figures.json").read_text(encoding="utf-8"))
    standing = tmp_path / "standing.json"
    standing.write_text(json.dumps({**data, "about": {**data["about"], "seed": 8}}), "utf-8")
    with pytest.raises(SystemExit):
        evaluate.main(["--figures", str(evaluated / "figures.json"), "--against", str(standing)])
    assert "only the same clips compare" in capsys.readouterr().err


def test_a_sweep_writes_a_row_a_preset(untrained: Path, tmp_path: Path) -> None:
    out = tmp_path / "sweep.json"
    arguments = ["--model", str(untrained), "--clips", "1", "--json", str(out)]
    assert evaluate.main([*arguments, "--sweep", "1x1", "2x3x1"]) == 0
    rows = json.loads(out.read_text(encoding="utf-8"))["sweep"]
    presets = [(row["steps"], row["guidance"], row["refine"]) for row in rows]
    assert presets == [(1, 1, 0), (2, 3, 1)]
    assert all(row["seconds"] > 0 and "time" in row["figures"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--judge", "nowhere"], "lies with the tests"),
        (["--sweep", "fast"], "write steps x guidance"),
        (["--clips", "0"], "no whole number of at least 1"),
        (["--against", "nowhere.json"], "no evaluation"),
        (["--curve", "nowhere.jsonl"], "no training curve"),
    ],
)
def test_wrong_arguments_are_told(
    untrained: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        evaluate.main(["--model", str(untrained), *arguments])
    assert left.value.code == 2 and told in capsys.readouterr().err


def test_an_interval_is_wilsons_and_holds_its_share() -> None:
    found = figures.share("time", [True] * 8 + [False] * 2, [True] * 10)
    assert (found.value, found.n, found.ceiling) == (0.8, 10, 1)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    sure = figures.share("time", [True] * 10, [True] * 10)
    assert sure.high == 1 and sure.low == pytest.approx(0.7225, abs=1e-4)


def test_a_bootstrapped_interval_holds_the_mean_and_repeats() -> None:
    samples = np.random.default_rng(0).normal(28, 2, 100)
    found = figures.statistic("vae_db", samples, ceiling=30)
    assert found == figures.statistic("vae_db", samples, ceiling=30)
    assert found.high - found.low == pytest.approx(2 * 1.96 * samples.std() / 10, rel=0.15)
    assert found.low < found.value == samples.mean() < found.high


def test_nothing_measured_is_null_and_reads_back(tmp_path: Path) -> None:
    data = figures.to_json([figures.share("orbit", [], []), figure("time", 0.9, 0.8, 0.95)])
    assert data["orbit"]["value"] is None and data["orbit"]["n"] == 0
    path = tmp_path / "figures.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    time, orbit = figures.read(path).figures
    assert time == figure("time", 0.9, 0.8, 0.95) and math.isnan(orbit.value)
    path.write_text('{"time": {"value": 1}}', encoding="utf-8")
    with pytest.raises(BadRequest, match="no evaluation"):
        figures.read(path)


@pytest.mark.parametrize(
    ("key", "new", "old", "fell"),
    [
        ("time", (0.90, 0.80, 0.95), 0.94, False),  # worse, but within its interval
        ("time", (0.90, 0.80, 0.95), 0.96, True),
        ("time", (0.90, 0.80, 0.95), 0.50, False),
        ("seam_ratio", (1.2, 1.1, 1.3), 1.15, False),
        ("seam_ratio", (1.2, 1.1, 1.3), 1.05, True),
        ("seam_ratio", (1.2, 1.1, 1.3), 2.0, False),
        ("seconds", (9.0, 9.0, 9.0), 1.0, False),  # another machine
        ("frame_change", (9.0, 8.0, 10.0), 7.5, True),  # on real renders it is 1
        ("frame_change", (9.0, 8.0, 10.0), 8.5, False),
        ("frame_change", (0.5, 0.4, 0.6), 1.2, True),
    ],
)
def test_a_figure_falls_where_it_is_worse_by_more_than_its_interval(
    key: str, new: tuple[float, float, float], old: float, fell: bool
) -> None:
    assert figures.fallen([figure(key, *new)], [figure(key, old, old, old)]) == [key] * fell


def test_a_figure_that_is_missing_has_fallen() -> None:
    old = [figure("time", 0.9, 0.8, 1), figure("place", 0.9, 0.8, 1)]
    assert figures.fallen(old[:1], old) == ["place"]
    assert figures.fallen(old, old[:1]) == []


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


def test_seventeen_moves_are_nine_families_and_orbits() -> None:
    assert len(FAMILIES) == 9
    assert trials.family("truck_left") == trials.family("pan_left") == "pan_left"
    assert trials.family("pedestal_up") == "tilt_up" and trials.family("dolly_out") == "zoom_out"
    assert trials.family("static") == "static" and trials.family("orbit_left") is None


@pytest.mark.parametrize("amount", AMOUNT_SHARES)
@pytest.mark.parametrize("move", ["pan_left", "tilt_up", "zoom_out", "roll_cw"])
def test_a_turn_is_named_with_its_share_of_the_amount(move: str, amount: str) -> None:
    path, share = camera_path(move, 17), AMOUNT_SHARES[amount]
    first, last = path[0], path[-1]
    total = Pose(
        pan_deg=share * (last.pan_deg - first.pan_deg),
        tilt_deg=share * (last.tilt_deg - first.tilt_deg),
        roll_deg=share * (last.roll_deg - first.roll_deg),
        zoom_ratio=(last.zoom_ratio / first.zoom_ratio) ** share,
    )
    word, seen = trials.turned_word(total, CARD.camera_amounts)
    assert word == move and seen == pytest.approx(share)


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (Drift(0.2, 0, 0, 0, 0.1), "pan_left"),
        (Drift(-0.2, 0.05, 0, 0, 0.1), "pan_right"),
        (Drift(0, 0.2, 0, 0, 0.1), "tilt_up"),
        (Drift(0, -0.2, 0.1, 0, 0.1), "tilt_down"),
        (Drift(0, 0, 0.1, 0, 0.1), "zoom_in"),
        (Drift(0, 0, -0.1, 0, 0.1), "zoom_out"),
        (Drift(0.01, 0.01, 0.01, 0.2, 0.1), "static"),
        (Drift(0.2, 0, 0, 0, 0.8), "static"),  # a subject crosses what rests
    ],
)
def test_a_slide_is_named_by_the_drift_of_the_content(seen: Drift, word: str) -> None:
    assert trials.slid_word(seen) == word


def test_the_camera_of_real_clips_is_named_by_registration() -> None:
    right = []
    for move in words.values("camera"):
        scene = Scene("red", "car", "rests", "day", "city", "clear", move, "", seed=12)
        clip = render(scene, frames=9, height=64, width=112).frames
        seen = trials.see_camera(clip, CARD)
        if "orbit" in move:
            assert seen["orbit"] == move
        else:
            right.append(seen["camera_family"] == trials.family(move))
    assert sum(right) >= 14  # of 15: a small flat picture hardly shows a pedestal


def test_opposites_are_opposed_both_ways_and_nothing_else_is() -> None:
    opposed = {(a, b) for a in FAMILIES for b in FAMILIES if trials.opposed(str(a), str(b))}
    assert len(opposed) == 8 and ("zoom_out", "zoom_in") in opposed
    assert all((b, a) in opposed for a, b in opposed)


def test_trials_hold_every_value_equally_often_and_repeat() -> None:
    chosen = trials.trials(CARD, 8 * 17, seed=1)
    for factor in set(FACTORS) - {"weather", "amount", "time", "place"}:
        counts = Counter(getattr(t.scene, factor) for t in chosen)
        assert set(counts.values()) == {len(chosen) // len(choices(factor))}
    assert all(t.scene.amount == "" for t in chosen if t.scene.camera == "static")
    weather = Counter(t.scene.weather for t in chosen)
    assert weather["rain"] == weather["snow"] == len(chosen) // 12
    assert chosen == trials.trials(CARD, 8 * 17, seed=1) != trials.trials(CARD, 8 * 17, seed=2)
    assert {(t.width, t.height) for t in chosen} == set(CARD.sizes.values())


def test_a_trials_prompts_are_its_own_in_each_language() -> None:
    chosen = trials.trials(CARD, 12, seed=2)
    english, chinese = ([t.prompt(language) for t in chosen] for language in ("en", "zh"))
    assert len(set(english)) == len(set(chinese)) == 12
    assert english == [t.prompt() for t in chosen]


def test_the_shipped_judge_is_small_and_right_about_renders_of_every_size() -> None:
    assert evaluate.JUDGE.stat().st_size <= 4_000_000
    right = judge.accuracy(judge.load(evaluate.JUDGE), judge.held_out(30, seed=31))
    assert min(right[f] for f in ("colour", "time", "place")) >= 0.93
    assert right["subject"] >= 0.85 and right["weather"] >= 0.85 and right["action"] >= 0.55


def test_the_judge_is_surer_of_what_a_clip_shows_than_of_anything_else() -> None:
    looking = judge.load(evaluate.JUDGE)
    (scene, frames), *_ = judge.held_out(1, seed=5)
    shown = {factor: getattr(scene, factor) for factor in ("time", "place", "colour")}
    right = judge.likelihood(looking, frames, shown)
    for factor, value in shown.items():
        other = next(v for v in words.values(factor) if v != value)
        assert judge.likelihood(looking, frames, {**shown, factor: other}) < right


def test_the_judge_takes_other_sizes_by_scaling_the_short_side() -> None:
    clip = np.zeros((11, 128, 224, 3), np.uint8)
    assert judge.prepare(clip).shape == (1, 3, 9, 64, 112)


def test_the_table_shows_value_interval_n_ceiling_and_what_is_asked() -> None:
    found = [figure("time", 0.5, 0.4, 0.6), figure("first_gap_db", 0.1, 0, 0.2)]
    assert report.table(found, "cpu").splitlines()[2:] == [
        "| time of day | 0.5 | 0.4 to 0.6 | 48 | 0.25 | 1 | >= 0.95 | **not yet** |",
        "| given first frame, PSNR below the codec's | 0.1 dB | 0 to 0.2 | 48 |  | 1 | <= 0.5 | reached |",
    ]


def test_more_is_asked_of_a_model_that_was_trained_on_a_gpu() -> None:
    for kind in KINDS.values():
        if kind.cpu is not None:
            assert kind.gpu is not None
            assert kind.gpu >= kind.cpu if kind.better == "more" else kind.gpu <= kind.cpu
    good_enough = figure("subject", 0.8, 0.7, 0.9)
    assert good_enough.passes("cpu") is True and good_enough.passes("gpu") is False
    assert figure("action", 0.1, 0, 0.2).passes("cpu") is None


def test_what_is_not_obeyed_is_said_with_its_figures() -> None:
    found = [
        figure("time", 0.5, 0.4, 0.6),
        figure("place", 0.97, 0.9, 1),
        figure("action", 0.3, 0.2, 0.4),
        figure("opposites", 0.3, 0.2, 0.4),
    ]
    assert report.failings(found, "cpu") == [
        "time of day: 0.5, asked is at least 0.95 (chance is 0.25).",
        "action: 0.3, on real renders 1 (chance is 0.125).",
    ]


def test_a_sheet_has_a_strip_a_clip_and_long_lines_wrap(tmp_path: Path) -> None:
    clip = np.full((9, 64, 112, 3), 200, np.uint8)
    report.sheet([Strip(clip, ("one",)), Strip(clip, ("two " * 60,))], tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.height > 68 and picture.width == 2 * (5 * 116 + 270)
        assert picture.getpixel((5, 5)) == (200, 200, 200)
