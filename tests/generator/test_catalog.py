"""Model cards and their rules."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.catalog import FrameRule, Shelf, load_catalog, parse_card
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


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_bundled_card_says_where_it_was_read_and_fits_its_network(path: Path) -> None:
    card = parse_card(path.read_text(encoding="utf-8"), path.name)
    if not card.source.startswith("shotwright:"):
        assert {"source", "licence", "parameters"} <= card.read.keys() and all(card.read.values())
        assert card.revision == "", "no revision from memory: the first downloaded is pinned"
        assert card.limits and card.parameters_m
    for preset in card.quality.values():
        assert set(preset.loras) <= card.loras.keys()
    if card.network is not None:
        span, rows, columns = card.network.token
        assert all(w % columns == 0 and h % rows == 0 for w, h in card.sizes.values())
        assert (card.frames.default - 1) % span == 0 and card.weights_mb["fp8"] < card.weights_mb[
            "bf16"
        ]
        assert card.frames.step == span
    if "extend" in card.modes:
        assert (card.overlap_frames - 1) % card.frames.step == 0, "whole latents are continued"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("shoe_size = 44", "the card has no key shoe_size"),
        ("[extend]\noverlap = 3", "extend has no key overlap"),
        ("[camera]\nnatives = 1", "camera has no key natives"),
        ("[quality.hasty]\nstep = 4", "quality.hasty has no key step"),
        ('[loras.oils]\npath = "oils.safetensors"', "loras.oils has no key path"),
    ],
)
def test_a_card_with_an_unknown_key_is_refused_by_its_name(line: str, key: str) -> None:
    text = (BUNDLED / "z-image-turbo.toml").read_text(encoding="utf-8")
    with pytest.raises(BadRequest, match=key):
        parse_card(f"{text}\n{line}" if "[" in line else f"{line}\n{text}", "mine.toml")


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("fps", '"16"', "fps: .*integer"),
        ("fps", "0", "fps is 0"),
        ("languages", '"en"', "languages: .*array"),
        ("family", '"wann"', "family 'wann' is none of wan, ltx"),
        ("family", '"engine"', "no address of an engine"),
        ("steps", "4.5", "quality.draft.steps: .*integer"),
        ("default", "80", "frames.default 80 is no length"),
        ("token", "[4, 16]", "network.token"),
        ("layers", "-1", "network.layers is -1"),
        ("dialect", "[]", "dialect: .*string"),
        ("guided", "1", "camera_guided: .*boolean"),
        ("four_steps", "3", "loras.four_steps is no table"),
        ("four_steps", '{ source = "a/b", parts = ["transfomer"] }', "'transfomer' of the parts"),
        ("four_steps", '{ source = "a/b", move = "pan_lef" }', "camera move 'pan_lef' is none of"),
        ("four_steps", '""', "loras.four_steps has an empty source"),
        ("loras", '["five_steps"]', "LoRA of quality.draft, 'five_steps' is none of four_steps"),
        ("modes", '["text", "txt"]', "mode 'txt' is none of text"),
        ("name", '""', "name is empty"),
        ("hfov_deg", "0.0", "hfov_deg is 0.0"),
        ("guidance", "nan", "quality.draft.guidance is nan"),
        ("max_tokens", "0", "max_tokens is 0"),
        ('"16:9"', "[480, 832]", "size 16:9 has another shape: 480x832"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_its_key(key: str, value: str, told: str) -> None:
    text = (BUNDLED / "wan-2.1-t2v-14b.toml").read_text(encoding="utf-8")
    changed = re.sub(rf"^{key} = .*", f"{key} = {value}", text, count=1, flags=re.M)
    with pytest.raises(BadRequest, match=told):
        parse_card(changed, "mine.toml")


@pytest.mark.parametrize(
    ("table", "told"),
    [("quality.draft", "it has no quality.draft"), ("sizes", "sizes is empty")],
)
def test_a_card_without_what_every_request_asks_for_is_refused(table: str, told: str) -> None:
    text = (BUNDLED / "mini.toml").read_text(encoding="utf-8")
    kept = "[sizes]\n" if table == "sizes" else ""
    cut = re.sub(rf"^\[{re.escape(table)}\].*?(?=^\[)", kept, text, flags=re.M | re.S)
    with pytest.raises(BadRequest, match=told):
        parse_card(cut, "mine.toml")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{ source = 3 }", "oils of mini: source: .*string"),
        ('{ file = "x" }', "oils of mini: source: .*required"),
        ('{ source = "a/b", weight = "half" }', "oils of mini: weight: .*number"),
        ('{ source = "a/b", weight = nan }', "oils of mini has the weight nan"),
        ('{ source = "a/b", parts = "transformer" }', "oils of mini: parts: .*array"),
        ('{ source = "a/b", parts = ["trans"] }', "oils of mini is for 'trans' of the parts"),
        ('{ source = "a/b", move = "left" }', "camera move 'left' is none of"),
        ('{ source = "a/b", file = "../x" }', r"oils of mini has the file '\.\./x'"),
        ('""', "oils of mini has an empty source"),
    ],
)
def test_a_line_that_is_no_lora_is_refused_by_what_is_wrong_with_it(
    tmp_path: Path, line: str, told: str
) -> None:
    (tmp_path / "loras.toml").write_text(f"[mini]\noils = {line}\n", encoding="utf-8")
    with pytest.raises(BadRequest, match=rf"loras\.toml cannot be read: {told}"):
        load_catalog(tmp_path)


def test_tokens_and_weights_are_counted_from_a_card() -> None:
    card = load_catalog().get("wan-2.1-t2v-14b")
    assert card.network is not None
    # 21 latent frames of 52 x 30 tokens; 14.3, 5.7 and .1 billions of two bytes each
    assert card.network.tokens(832, 480, 81) == 32760
    assert card.weights_mb["bf16"] == pytest.approx(40_200, rel=0.01)


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
    assert refused.value.body()["allowed"] == list(load_catalog().cards)


def test_a_size_that_is_not_native_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        load_catalog().default.check_size("100x100")
    assert refused.value.field == "size"


def test_a_card_of_the_users_joins_the_catalogue_and_replaces_its_namesake(tmp_path: Path) -> None:
    text = (BUNDLED / "mini.toml").read_text(encoding="utf-8")
    (tmp_path / "a.toml").write_text(text.replace('name = "mini"', 'name = "mine"'), "utf-8")
    (tmp_path / "b.toml").write_text(text.replace("fps = 8", "fps = 12"), "utf-8")
    shelf = Shelf(tmp_path)
    catalog = shelf.catalog
    assert set(catalog.cards) == {*load_catalog().cards, "mine"}
    assert catalog.get("mini").fps == 12 and shelf.catalog is catalog
    (tmp_path / "b.toml").write_text(text.replace("fps = 8", "fps = 9.5"), "utf-8")
    with pytest.raises(BadRequest, match=r"b\.toml"):
        _ = shelf.catalog
    assert shelf.last is catalog, "who renders goes on while a card is being written"
    (tmp_path / "b.toml").write_text(text.replace("fps = 8", "fps = 10"), "utf-8")
    assert shelf.catalog.get("mini").fps == shelf.last.get("mini").fps == 10


def test_a_card_that_is_no_text_is_named_and_a_mark_of_encoding_is_none_of_it(
    tmp_path: Path,
) -> None:
    text = (BUNDLED / "mini.toml").read_text(encoding="utf-8").replace('"mini"', '"mine"', 1)
    (tmp_path / "a.toml").write_text(text, encoding="utf-8-sig")
    assert "mine" in load_catalog(tmp_path).cards
    (tmp_path / "b.toml").write_bytes("title = 'Müll'".encode("latin-1"))
    with pytest.raises(BadRequest, match=r"b\.toml cannot be read"):
        load_catalog(tmp_path)


@pytest.mark.parametrize("text", ["name = ", "name = 'x'", "[prompt]\ndialect = 'mini'"])
def test_a_card_that_does_not_read_is_named(text: str) -> None:
    with pytest.raises(BadRequest, match=r"broken\.toml"):
        parse_card(text, "broken.toml")


def test_the_embedded_models_card_repeats_its_world() -> None:
    card = load_catalog().default
    assert dict(card.camera_amounts) == scene.AMOUNTS
    assert tuple(card.camera_shares.values()) == tuple(scene.AMOUNT_SHARES.values())
    assert set(card.camera_trained) == set(words.values("camera"))
    assert card.hfov_deg == scene.HFOV_DEG


def test_a_second_native_size_is_of_the_qualities_that_say_so_and_of_who_asks_for_it() -> None:
    card = load_catalog().get("wan-2.1-t2v-14b")
    assert card.size_of("16:9") == card.size_of("16:9", "standard") == (832, 480)
    assert card.size_of("16:9", "high") == card.check_size("1280x720") == (1280, 720)
    assert card.scheduler_at(832, 480) == {"flow_shift": 3.0}
    assert card.scheduler_at(1280, 720) == {"flow_shift": 5.0}
    assert card.public()["large_sizes"]["9:16"] == "720x1280"
    plain = load_catalog().default
    assert plain.size_of("16:9", "high") == plain.size_of("16:9") and not plain.large


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (("[large.sizes]", '[large.sizes]\n"5:4" = [16, 16]'), "other aspect ratios"),
        (("[1280, 720]", "[1281, 720]"), "no multiple"),
        (("[large]", "[large]\nquality = 1"), "no key quality"),
        (("large = true", "large = true\nlarger = true"), "no key larger"),
    ],
)
def test_a_second_native_size_that_cannot_be_is_refused(changed: tuple[str, str], why: str) -> None:
    text = (BUNDLED / "wan-2.1-t2v-14b.toml").read_text(encoding="utf-8")
    assert parse_card(text, "t.toml").large is not None
    with pytest.raises(BadRequest, match=why):
        parse_card(text.replace(*changed), "t.toml")
