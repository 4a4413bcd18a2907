"""Cells of shot lists that hold what belongs to other columns."""

from shotwright.prompts.director import direct_script
from shotwright.prompts.readers import Script, read
from shotwright.prompts.readers.rows import unpacked


def test_two_columns_of_picture_and_sound() -> None:
    text = (
        'Title: "Slow Morning"\n\nVIDEO | AUDIO\n--- | ---\n'
        "1. WS kitchen, early morning. | SFX: birdsong.\n"
        "2. MS DAD (40s, unshaven) stirs. | DAD: Good things take time. MUSIC: Piano.\n"
        "3. Slow push in on the bowl. | NARRATOR: Slow down.\n"
    )
    script = read(text)
    assert isinstance(script, Script)
    plan = direct_script(script).plan
    assert [shot.shot_size for shot in plan.shots][:2] == ["wide", "medium"]
    assert [shot.time_of_day for shot in plan.shots] == ["morning"] * 3
    assert [(d.text, d.delivery) for shot in plan.shots for d in shot.dialogue] == [
        ("Good things take time.", "on_screen"),
        ("Slow down.", "voice_over"),
    ]
    assert [shot.sound for shot in plan.shots] == ["SFX: birdsong.", "MUSIC: Piano.", None]
    assert [(m.move, m.speed) for m in plan.shots[2].camera] == [("dolly_in", "slow")]


def test_odd_headers_behind_a_byte_order_mark() -> None:
    table = (
        "\ufeffShot #;Framing;Cam Movement;What we see;Est. Time;VO / Dialogue;Loc\r\n"
        "1;M.S.;Dolly L->R;Ilse climbs the stairs at dawn;3 sec;;INT STAIRWELL\r\n"
        "2;Drone;orbit 90;The lamp comes alive;00:06;NARRATOR: No promises.;EXT LIGHTHOUSE\r\n"
    )
    script = read(table.encode())
    assert isinstance(script, Script)
    directed = direct_script(script)
    one, other = directed.plan.shots
    assert directed.warnings == ()
    assert (one.shot_size, one.duration_s, one.time_of_day) == ("medium", 3, "dawn")
    assert (other.angle, other.duration_s) == ("aerial", 6)
    assert [(m.move, m.amount) for m in (*one.camera, *other.camera)] == [
        ("truck_right", None),
        ("orbit_right", 90),
    ]


def test_a_span_of_time_is_a_duration() -> None:
    assert unpacked({"time_of_day": "0:05-0:12", "action": "CU: sweat"}) == {
        "duration_s": "7",
        "action": "sweat",
        "shot_size": "CU",
    }
    assert unpacked({"time_of_day": "7:45", "action": "rain"})["time_of_day"] == "7:45"
