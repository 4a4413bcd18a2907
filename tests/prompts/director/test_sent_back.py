"""What a director of photography would send back: a wrong place, a wrong face, a picture nobody asked for."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.prompts.director import Terms, direct, direct_script
from shotwright.prompts.readers import Script, read
from shotwright.prompts.shotplan import ShotPlan


def planned(text: str) -> ShotPlan:
    found = read(text)
    assert isinstance(found, Script)
    return direct_script(found, Terms(shot_s=4.0)).plan


def seen(plan: ShotPlan) -> list[list[str]]:
    names = {character.id: character.name for character in plan.characters}
    return [[names[part.character_id] for part in shot.cast] for shot in plan.shots]


@pytest.mark.parametrize(
    ("script", "places"),
    [
        ("A lighthouse keeper climbs the stairs at night. He looks at the sea.", 0),
        ("A man sits in a kitchen. He looks out at the street. He walks towards the beach.", 1),
        ("A child plays on the beach. The castle collapses. A gull flies through the sky.", 1),
        ("A chef cooks in the kitchen. She walks to a table.", 1),
        ("A chef cooks in the kitchen. She works in the garden.", 2),
        ("清晨的海边，一个老渔夫推船下水。远处，灯塔的光熄灭了。他划向大海。", 1),
        ("阿珍在厨房里包饺子。面粉飘在空中。", 1),
        ("阿珍在厨房里包饺子。她在花园里坐下。", 2),
    ],
)
def test_only_where_somebody_is_is_a_place(script: str, places: int) -> None:
    assert len(planned(script).locations) == places


@pytest.mark.parametrize(
    ("script", "cast"),
    [
        ("Waves roll. An old fisherman rows. Water hits his boots.", ["fisherman"]),
        ("一个老渔夫推船。浪花打在他的靴子上。", ["渔夫"]),
        ("A barista pours. A customer waits. They laugh together.", ["barista", "customer"]),
        ("学生们安静下来。", ["学生们"]),
        ("女侦探林晓走过小巷。", ["林晓"]),
        ("一只机械猫跳出来。猫跑了。", ["机械猫"]),
        ("小明和小红并肩走着。镜头缓慢拉远。", ["小明", "小红"]),
    ],
)
def test_who_is_meant_is_in_the_last_shot(script: str, cast: list[str]) -> None:
    assert sorted(seen(direct(script).plan)[-1]) == cast


def test_looks_before_a_chinese_name_are_its_features_and_no_prop() -> None:
    plan = direct("女侦探林晓走过小巷。").plan
    assert [c.static_features for c in plan.characters] == ["林晓，女侦探"]
    assert plan.shots[0].props == []


def test_an_age_beside_a_name_is_no_duration() -> None:
    plan = planned("INT. BAR - DAY\n\nLENA (30s) drinks. MAX (40s), a tall man, waits.")
    assert {shot.duration_s for shot in plan.shots} == {4.0}
    assert direct("Rain falls (3s).").plan.shots[0].duration_s == 3


def test_a_heading_that_goes_on_keeps_the_time_of_day() -> None:
    plan = planned("INT. DINER - NIGHT\n\nMara waits.\n\nEXT. LOT - CONTINUOUS\n\nMara walks.")
    assert [shot.time_of_day for shot in plan.shots] == ["night", "night"]


def test_steam_and_a_smile_are_two_pictures() -> None:
    plan = planned("A woman waits. Steam rises. She smiles.")
    assert [shot.action for shot in plan.shots][1:] == ["Steam rises.", "She smiles."]


def test_no_face_size_for_two_faces() -> None:
    for seed in range(6):
        plan = direct("A park. Two friends laugh and raise their glasses.", Terms(seed=seed)).plan
        assert plan.shots[-1].shot_size in ("medium", "medium_wide")


@pytest.mark.parametrize(
    ("line", "lacking"), [("No slow motion.", "slow motion"), ("没有音乐。", "音乐")]
)
def test_what_is_not_to_be_seen_is_no_picture_of_its_own(line: str, lacking: str) -> None:
    story = "A dog runs. It stops. " if line.isascii() else "一只狗奔跑。它停下。"
    (*_, last) = planned(story + line).shots
    assert line in last.action and last.action != line
    assert last.negative == lacking and last.props == []


@pytest.mark.parametrize("denial", ["No dolly. No zoom.", "不要推镜头。不要变焦。"])
def test_what_is_forbidden_at_the_end_is_forbidden_in_the_whole_film(denial: str) -> None:
    for seed in range(6):
        plan = direct(
            f"A girl sits. She weeps. A boy waits. He smiles. {denial}", Terms(seed=seed)
        ).plan
        moves = {move.move for shot in plan.shots for move in shot.camera}
        assert not [move for move in moves if move.startswith(("dolly", "zoom"))]


def test_words_with_a_laugh_are_said_by_who_laughs() -> None:
    plan = direct("阿珍递给他一杯茶。“慢点喝。”她笑了。").plan
    assert [line.text for shot in plan.shots for line in shot.dialogue] == ["慢点喝。"]


def test_a_ring_that_hands_turn_is_seen() -> None:
    plan = planned("A woman sits in a booth, turning a ring on her finger.")
    assert "a ring" in [prop for shot in plan.shots for prop in shot.props]


@pytest.mark.parametrize(
    ("script", "people"),
    [
        (
            "EXT. PIER - DAY\n\nADA OKAFOR, 34, a red coat, stands there.\n\nADA\nHello.\n\nBEN\nHi.\n",
            {"ADA": "ADA OKAFOR, 34, a red coat", "BEN": "BEN"},
        ),
        (
            "INT. BAR - DAY\n\nADA\nHello.\n\nADA OKAFOR, 34, thin, sits.\n\nBEN\nHi.\n",
            {"ADA": "ADA OKAFOR, 34, thin", "BEN": "BEN"},
        ),
        (
            "EXT. PIER - DAY\n\nYOUNG ADA, 8, waves. ADA, 34, waits.\n\nADA\nHello.\n\nBEN\nHi.\n",
            {"YOUNG ADA": "YOUNG ADA, 8", "ADA": "ADA, 34", "BEN": "BEN"},
        ),
        (
            "Detective Maya Chen enters the diner. Maya sits. Chen laughs.",
            {"Detective Maya Chen": "Detective Maya Chen"},
        ),
        (
            "BEN, 60s, grey beard, blue cap, wearing an apron, slides the shutter up. Ben coughs.",
            {"BEN": "BEN, 60s, grey beard, blue cap, wearing an apron"},
        ),
        ("小明 walks into the café. 服务员没有抬头。", {"小明": "小明", "服务员": "服务员"}),
    ],
)
def test_somebody_called_in_two_ways_is_one_character_with_all_their_looks(
    script: str, people: dict[str, str]
) -> None:
    plan = planned(script)
    assert {one.name: one.static_features for one in plan.characters} == people
    for shot in plan.shots:
        ids = [part.character_id for part in shot.cast]
        assert len(ids) == len(set(ids))
        stills = (shot.first_frame or "").split(", ")
        assert len(stills) == len(set(stills))


@pytest.mark.parametrize(
    ("script", "weather"),
    [
        ("A man carries an umbrella though it does not rain.", None),
        ("There is no fog on the hill. A dog barks.", None),
        ("广场上没有下雨，孩子在跑。", None),
        ("A man runs through heavy rain.", "heavy rain"),
    ],
)
def test_weather_that_is_denied_is_no_weather(script: str, weather: str | None) -> None:
    assert planned(script).shots[0].weather == weather


@pytest.mark.parametrize(
    ("line", "place", "time"),
    [
        ("INT. HOUSE - KITCHEN", "HOUSE - KITCHEN", None),
        ("INT. HOUSE - KITCHEN - NIGHT", "HOUSE - KITCHEN", "night"),
        ("EXT. PARK - LATER THAT DAY", "PARK", "later that day"),
        (".FLASHBACK - THE SEA", "FLASHBACK - THE SEA", None),
        (".THE SEA - NIGHT", "THE SEA", "night"),
    ],
)
def test_what_stands_last_in_a_heading_is_a_time_only_if_it_says_when(
    line: str, place: str, time: str | None
) -> None:
    plan = planned(f"{line}\n\nTom sits.\n\nINT. BAR - DAY\n\nTom eats.\n")
    assert (plan.locations[0].name, plan.scenes[0].time_of_day) == (place, time)


def test_chinese_with_spaces_for_stops_is_cut_at_them() -> None:
    plan = planned("一只橘猫在窗台上睡觉 雨点打在玻璃上 镜头慢慢推近猫的眼睛 然后向右摇到书桌")
    assert [[move.move for move in shot.camera] for shot in plan.shots][-1] == ["pan_right"]
    assert len(plan.shots) >= 3


def test_shots_that_are_numbered_in_one_line_are_the_films_shots() -> None:
    plan = planned(
        "A 10 second film. Shot 1 (6 s): Ana opens the door. Shot 2 (4 s): she laughs. Total 10 seconds."
    )
    assert [(shot.action, shot.duration_s) for shot in plan.shots] == [
        ("Ana opens the door.", 6.0),
        ("she laughs.", 4.0),
    ]
    assert plan.duration_s == 10.0
    assert [
        shot.duration_s for shot in planned("镜头1（3秒）：小明进来。镜头2（4秒）：他坐下。").shots
    ] == [3, 4]


def test_an_intercut_is_nobody_and_no_picture() -> None:
    plan = planned(
        "INT. BAR - DAY\n\nTom sits.\n\nINTERCUT - PHONE CALL\n\nTOM\nMum?\n\nMUM\nNo.\n"
    )
    assert [one.name for one in plan.characters] == ["Tom", "MUM"]
    assert not any("INTERCUT" in shot.action for shot in plan.shots)


def test_an_advertisement_that_tells_its_shots_keeps_its_length_and_its_platforms_shape() -> None:
    plan = planned(
        "A TikTok commercial for the Lune watch, 12 seconds. Hook: a falling drop. A man waits."
    )
    assert (plan.aspect_ratio, plan.duration_s) == ("9:16", 12.0)
    assert planned("She watches a TikTok video.").aspect_ratio == "16:9"


def test_titles_parts_of_names_and_words_on_the_screen_make_nobody_new() -> None:
    plan = planned(
        "INT. STATION - NIGHT\n\nDETECTIVE SARAH LIND, 40s, tired eyes, walks in. COP 1 waits.\n\nLIND\nWho?\n\n"
        "COP 1\nHim.\n\nCOP\nNo.\n\nSarah sits.\n\nMRS. REYES, 60, black dress, enters.\n\nMRS. REYES\nMy boy!\n\n"
        "REYES\nMama.\n\nDR. AMY WONG\nDead.\n\nWONG (CONT'D)\nYes.\n"
    )
    assert {one.name: one.static_features for one in plan.characters} == {
        "LIND": "SARAH LIND, 40s, tired eyes",
        "COP 1": "COP 1",
        "COP": "COP",
        "MRS. REYES": "MRS. REYES, 60, black dress",
        "REYES": "REYES",
        "DR. AMY WONG": "DR. AMY WONG",
    }
    zh = planned("内景 走廊 夜\n护士小陈跟在后面。\n小陈：“他醒了。”\n字幕：“三天前”\n")
    assert [one.name for one in zh.characters] == ["小陈"]
    assert [speech.text for shot in zh.shots for speech in shot.dialogue] == ["他醒了。"]
    assert not any(shot.props for shot in zh.shots)


def actions(plan: ShotPlan) -> list[str]:
    return [shot.action for shot in plan.shots]


@pytest.mark.parametrize(
    "mark",
    [
        "Beat.",
        "A long beat.",
        "(MORE)",
        "A pause.",
        "LATER",
        "BACK TO HARBOR",
        "MONTAGE - THE YEARS WITHOUT HER",
        "[FADE TO BLACK]",
        "[AD BREAK]",
        "【闪回】",
        "【闪回结束】",
        "【本集完】",
        "停顿。",
    ],
)
def test_a_mark_of_the_page_is_no_picture(mark: str) -> None:
    plan = planned(f"A man waits by the gate.\n\n{mark}\n\nThe door opens.")
    assert actions(plan) == ["A man waits by the gate.", "The door opens."]
    assert mark in "".join(shot.source for shot in plan.shots)


def test_a_beat_inside_a_marked_shot_does_not_end_it() -> None:
    plan = planned("Shot 1 (6s): Mara looks up. Beat. She smiles.\nShot 2: Steam. A gull cries.")
    assert actions(plan) == ["Mara looks up. She smiles.", "Steam. A gull cries."]


@pytest.mark.parametrize(
    ("script", "lengths"),
    [
        ("[00:00-00:03] A harbour at dawn. A gull lands.\n[00:03-00:08] Hands tie a knot.", [3, 5]),
        ("My film\n0-3s: a cat on a roof.\n4-6s: it jumps.\n7-10s: it runs.", [3, 3, 4]),
        ("Title: Roof\nDuration: 10s\n\n0:00–0:04 – A cat.\n0:04–0:10 – It jumps.", [4, 6]),
        ("0-3秒：猫坐在屋顶上。\n3-6秒：猫跳下来。", [3, 3]),
        ("Hook (0-3s): A woman drops her phone.\nCTA (3-8s): The shop opens.", [3, 5]),
        ("Scene 1 (4s): A dog runs.\nScene 2 (6s): It barks.", [4, 6]),
        ("A dog runs. (4s)\n\nA cat sleeps. (:06)", [4, 6]),
        ("Shot 1 (0:00-0:03): a cat.\nShot 2 (0:03-0:08): a dog.", [3, 5]),
        ("Shot 1 (3-5s): a cat.\nShot 2 (3-5s): a dog.", [5, 5]),  # "3 to 5 seconds" is no place
        ("0:00-0:12 A pool at dusk.\n0:12-0:32 Ella walks. A tram passes.", [12, 10, 10]),
    ],
)
def test_a_time_before_a_shot_is_its_place_and_not_filmed(
    script: str, lengths: list[float]
) -> None:
    plan = planned(script)
    assert [shot.duration_s for shot in plan.shots] == pytest.approx(lengths)
    assert not any(c.isdigit() for c in "".join(actions(plan)))


@pytest.mark.parametrize(
    "script",
    ["A man waits. 3-5 seconds later he leaves.", "LENA (30s): Hello.", "9:30. She wakes."],
)
def test_other_numbers_are_no_place_in_the_film(script: str) -> None:
    assert all(shot.duration_s == 4.0 for shot in planned(script).shots)


def test_how_a_shot_comes_in_is_told_before_its_picture() -> None:
    plan = planned(
        "[0:00-0:03] A kitchen.\n[0:03-0:07] DISSOLVE TO: Steam.\nCut to: A door opens.\nFADE TO BLACK."
    )
    assert actions(plan) == ["A kitchen.", "Steam.", "A door opens."]
    assert [shot.transition_in for shot in plan.shots] == ["cut", "dissolve", "cut"]
    assert not plan.characters


def test_a_page_from_a_notebook_is_read_without_its_marks() -> None:
    plan = planned(
        "# Second Wind (brand film, 9s)\n**Client:** Halden\n**Format:** 9:16\n\n## Scene 1 — The garage\n"
        "- [ ] **Shot 1** (4s): MARTA, 60s, looks at a bike. She smiles.\n  - SFX: rain\n"
        "- [x] **Shot 2** (5s): Drone shot following Marta down a road.\n> Note: the bike is blue!"
    )
    assert (plan.title, plan.aspect_ratio, plan.duration_s) == (
        "Second Wind (brand film, 9s)",
        "9:16",
        9.0,
    )
    assert seen(plan) == [["MARTA"], ["MARTA"]]
    assert actions(plan)[0] == "MARTA, 60s, looks at a bike. She smiles."
    assert [shot.sound for shot in plan.shots] == ["rain", None]


def test_a_speech_in_one_line_is_heard_in_a_screenplay_too() -> None:
    plan = planned(
        "INT. CAR - NIGHT\n\nRain.\nMOM: Seatbelts.\nDAD (O.S.): Yes.\nCLOSE ON: a hand.\nLEO'S HAND: a key."
    )
    said = [(line.text, line.delivery) for shot in plan.shots for line in shot.dialogue]
    assert said == [("Seatbelts.", "on_screen"), ("Yes.", "off_screen")]
    assert actions(plan)[-2:] == ["CLOSE ON: a hand.", "LEO'S HAND: a key."]


def test_a_first_line_is_a_title_only_over_what_is_numbered() -> None:
    assert actions(planned("A dog runs\n- it barks"))[0] == "A dog runs"
    assert planned("Director: Cut!\nA man waits.").shots[0].dialogue[0].text == "Cut!"


def test_labels_of_a_page_speak_to_nobody() -> None:
    plan = planned(
        "CAM: low angle, crane up.\nKAEL draws his sword.\nCAM: whip pan to Ryn.\nRYN: Wait!\nNATS: wind\n"
        "[INTRO MUSIC]\n[00:15] KAEL: Never."
    )
    assert [c.name for c in plan.characters] == ["KAEL", "RYN"]
    assert [m.move for m in plan.shots[0].camera] == ["crane_up"]
    assert [line.text for shot in plan.shots for line in shot.dialogue] == ["Wait!", "Never."]
    assert {"wind INTRO MUSIC"} == {shot.sound for shot in plan.shots if shot.sound}


@pytest.mark.parametrize(
    ("script", "weather"),
    [
        ("清晨，雾很大。", "雾很大"),
        ("雨下得很大，他没有回头。", "雨下得很大"),
        ("雪越下越大。", "雪越下越大"),
        ("她转身，雨开始下。", "雨开始下"),
    ],
)
def test_how_it_rains_is_the_weather_and_no_thing(script: str, weather: str) -> None:
    (shot,) = planned(script).shots
    assert (shot.weather, list(shot.props)) == (weather, [])


def test_a_younger_self_is_another_person_and_a_place_comes_back() -> None:
    plan = planned(
        "EXT. HARBOR - NIGHT\n\nDaniel waits.\n\nDANIEL\nHello?\n\nINT. TAXI - NIGHT\n\nA driver waits.\n\n"
        "BACK TO HARBOR\n\nYoung Daniel, 12, runs."
    )
    names = {place.id: place.name for place in plan.locations}
    assert [names[str(scene.location_id)] for scene in plan.scenes] == ["HARBOR", "TAXI", "HARBOR"]
    assert seen(plan)[-1] == ["Young Daniel"]


def test_words_that_begin_with_a_capital_are_not_people() -> None:
    plan = planned(
        "AeroBrew One is here. Dishwasher-safe, BPA-free. AeroBrew One pulls a shot.\nThe wind howls. "
        'It was a firefly! "May I come in?" asked the firefly.'
    )
    assert [c.name for c in plan.characters] == ["firefly"]
