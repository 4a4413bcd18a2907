"""Which take is best, and why: faults first, then what was measured of the picture."""

from typing import Any

from shotwright.tools.studio.ranking import rank


def take(name: str, **named: Any) -> dict[str, Any]:
    picture = {"black_frames": [], "frozen": [], "sharpness": 1.0, "flicker": 1.0, "motion": 2.0}
    return {
        "take_id": name,
        "camera": {"verdict": {}},
        "seams": [],
        "endpoints": {"first": None, "last": None, "keyframes": []},
        "warnings": [],
        "picture": picture | named.pop("picture", {}),
        **named,
    }


def order(*takes: dict[str, Any]) -> list[str]:
    return [one["take_id"] for one in rank(list(takes))["ranking"]]


def test_all_takes_are_kept_in_the_order_asked_and_the_best_is_named() -> None:
    result = rank([take("a", camera={"verdict": {"pan_deg": "fail"}}), take("b")])
    assert [one["take_id"] for one in result["takes"]] == ["a", "b"]
    assert result["best"] == "b" and result["ranking"][0]["place"] == 1
    assert result["ranking"][1]["faults"] == ["camera pan_deg: fail"]
    assert "pan_deg" in result["ranking"][1]["why"]


def test_black_frames_weigh_more_than_a_missed_axis() -> None:
    black = take("black", warnings=[{"code": "black_frames", "message": ""}])
    assert order(black, take("missed", camera={"verdict": {"pan_deg": "fail"}})) == [
        "missed",
        "black",
    ]


def test_a_seam_that_shows_and_a_picture_that_is_missed_are_faults() -> None:
    seam = {"frame": 9, "pass": False, "shows": 1.4}
    missed: dict[str, Any] = {"first": {"ssim": 0.5, "pass": False}, "last": None, "keyframes": []}
    result = rank([take("a", seams=[seam]), take("b", endpoints=missed), take("c")])
    faults = {one["take_id"]: one["faults"] for one in result["ranking"]}
    assert faults["a"] == ["seam at frame 9"] and len(faults["b"]) == 1 and faults["c"] == []


def test_without_faults_sharp_and_steady_wins_and_says_so() -> None:
    soft = take("soft", picture={"sharpness": 0.5})
    wild = take("wild", picture={"flicker": 4.0})
    result = rank([soft, wild, take("fine"), take("plain", picture={"sharpness": 0.9})])
    assert result["best"] == "fine"
    why = {one["take_id"]: one["why"] for one in result["ranking"]}
    assert "softer" in why["soft"] and "flickers" in why["wild"]


def test_the_seam_that_shows_less_is_better_and_equals_keep_their_order() -> None:
    pair = [take(name, seams=[{"frame": 9, "pass": True, "shows": s}]) for name, s in
            (("a", 0.9), ("b", 0.5))]  # fmt: skip
    assert order(*pair) == ["b", "a"]
    assert order(take("x"), take("y")) == ["x", "y"]


def test_takes_of_an_earlier_version_without_a_picture_are_ranked_too() -> None:
    old = take("old")
    del old["picture"]
    assert order(old, take("new")) == ["old", "new"]
