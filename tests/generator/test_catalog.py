"""Model cards and their rules."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.catalog import FrameRule, load_catalog, parse_card
from shotwright.generator.errors import BadRequest
from shotwright.generator.mini import words
from shotwright.generator.mini.world import scene

BUNDLED = Path(__file__).resolve().parents[2] / "generator" / "cards"


def test_the_embedded_model_is_the_default() -> None:
    assert load_catalog().default.name == "mini"


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_bundled_card_agrees_with_itself(path: Path) -> None:
    card = parse_card(path.read_text(encoding="utf-8"), path.name)
    assert card.name == path.stem
    for rule in (card.frames.minimum, card.frames.maximum, card.frames.default):
        assert card.frames.legal(rule)
    assert set(card.quality) == {"draft", "standard", "high"}
    presets = [card.quality[name] for name in ("draft", "standard", "high")]
    effort = [(preset.steps, preset.refine) for preset in presets]
    assert effort == sorted(effort)


@given(
    st.integers(1, 8), st.integers(0, 3), st.integers(1, 4), st.integers(1, 20), st.floats(-50, 500)
)
def test_the_nearest_count_is_legal_and_none_is_nearer(
    step: int, offset: int, first: int, more: int, wanted: float
) -> None:
    low, high = offset + step * first, offset + step * (first + more)
    rule = FrameRule(step, offset, low, high, low)
    near = rule.nearest(wanted)
    assert rule.legal(near)
    legal = range(low, high + 1, step)
    assert abs(near - wanted) <= min(abs(count - wanted) for count in legal) + 1e-6


@pytest.mark.parametrize("frames", [-1, 0, 8, 10, 34, 37])
def test_a_frame_count_off_the_rule_is_refused_with_the_nearest(frames: int) -> None:
    with pytest.raises(BadRequest) as refused:
        load_catalog().default.check_frames(frames)
    error = refused.value
    assert (error.code, error.field, error.value) == ("invalid_frames", "frames", frames)
    assert error.allowed == "4k+1 from 9 to 33"


def test_a_card_whose_sizes_are_off_its_multiple_is_refused() -> None:
    text = (BUNDLED / "mini.toml").read_text(encoding="utf-8")
    with pytest.raises(BadRequest, match="size 4:3 is no multiple of 16"):
        parse_card(text.replace("[80, 64]", "[84, 64]"), "mine.toml")


def test_an_unknown_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadRequest) as refused:
        load_catalog().get("sora")
    assert refused.value.body()["allowed"] == ["mini"]


def test_a_size_that_is_not_native_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        load_catalog().default.check_size("100x100")
    assert refused.value.field == "size"


def test_a_card_of_the_users_joins_the_catalogue_and_replaces_its_namesake(tmp_path: Path) -> None:
    text = (BUNDLED / "mini.toml").read_text(encoding="utf-8")
    (tmp_path / "a.toml").write_text(text.replace('name = "mini"', 'name = "mine"'), "utf-8")
    (tmp_path / "b.toml").write_text(text.replace("fps = 8", "fps = 12"), "utf-8")
    catalog = load_catalog(tmp_path)
    assert set(catalog.cards) == {"mini", "mine"}
    assert catalog.get("mini").fps == 12


@pytest.mark.parametrize("text", ["name = ", "name = 'x'", "[prompt]\ndialect = 'mini'"])
def test_a_card_that_does_not_read_is_named(text: str) -> None:
    with pytest.raises(BadRequest, match=r"broken\.toml"):
        parse_card(text, "broken.toml")


def test_a_card_says_how_far_each_trained_move_goes() -> None:
    card = load_catalog().default
    assert card.trained_amounts("pan") == pytest.approx((10.0, 20.0, 32.0))
    assert card.trained_amounts("zoom") == pytest.approx((1.7**0.5, 1.7, 1.7**1.6))
    assert card.trained_amounts("crane") == ()


def test_the_embedded_models_card_repeats_its_world() -> None:
    card = load_catalog().default
    assert dict(card.camera_amounts) == scene.AMOUNTS
    assert tuple(card.camera_shares.values()) == tuple(scene.AMOUNT_SHARES.values())
    assert set(card.camera_trained) == set(words.values("camera"))
    assert card.hfov_deg == scene.HFOV_DEG
