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


def test_columns_that_only_spaces_keep_apart() -> None:
    table = (
        "Shot  Size    Camera        Action                               Sec\n"
        "----  ------  ------------  -----------------------------------  ---\n"
        "1     Wide    static        An empty bus stop in the rain        3\n"
        "2     Medium  slow push in  A boy in a yellow coat checks the time 4\n"
        "3     CU                    The headlights sweep his face,\n"
        "                            then the bus is gone\n"
    )
    script = read(table)
    assert isinstance(script, Script)
    directed = direct_script(script)
    assert directed.warnings == ()
    one, two, three = directed.plan.shots
    assert (one.id, one.shot_size, one.duration_s) == ("1", "wide", 3)
    assert (two.action, two.duration_s) == ("A boy in a yellow coat checks the time", 4)
    assert [(m.move, m.speed) for m in two.camera] == [("dolly_in", "slow")]
    assert three.action == "The headlights sweep his face, then the bus is gone"


def test_columns_of_chinese_letters_are_two_wide() -> None:
    table = (
        "镜号  景别    运镜      画面内容                    时长\n"
        "1     全景    固定      空荡的公交站下着雨          3秒\n"
        "2     近景              穿黄雨衣的男孩看表          4秒\n"
    )
    script = read(table)
    assert isinstance(script, Script)
    one, two = direct_script(script).plan.shots
    assert (one.action, one.duration_s, one.camera[0].move) == ("空荡的公交站下着雨", 3, "static")
    assert (two.action, two.shot_size) == ("穿黄雨衣的男孩看表", "medium_close_up")


def test_words_over_several_columns_are_no_table() -> None:
    text = "Shot  Size  Action\nShe looks at the shot and its size, and walks away without a word."
    script = read(text)
    assert isinstance(script, Script)
    assert script.format == "plain"


def test_subtitles_are_filmed_at_their_times_without_their_marks() -> None:
    text = (
        "1\n00:00:00,000 --> 00:00:04,000\nA fisherman pushes his boat into the sea.\n\n"
        "2\n00:00:04,500 --> 00:00:08,000\nHe lights a lantern.\n"
    )
    other = text.replace("1\n00", "WEBVTT\n\n00", 1).replace("04,000", "04.000 align:start")
    for script in map(read, (text, other)):
        assert isinstance(script, Script)
        directed = direct_script(script)
        assert [(shot.action, shot.duration_s) for shot in directed.plan.shots] == [
            ("A fisherman pushes his boat into the sea.", 4),
            ("He lights a lantern.", 4),
        ]
        assert [warning["code"] for warning in directed.warnings] == ["subtitles_filmed"]


def test_a_span_of_time_is_a_duration() -> None:
    assert unpacked({"time_of_day": "0:05-0:12", "action": "CU: sweat"}) == {
        "duration_s": "7",
        "action": "sweat",
        "shot_size": "CU",
    }
    assert unpacked({"time_of_day": "7:45", "action": "rain"})["time_of_day"] == "7:45"
