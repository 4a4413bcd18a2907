"""A storyboard is edited in place, a film shot by shot; both through make_film and plan_shots."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from shotwright.generator.errors import BadRequest
from shotwright.server.web.film import edited
from shotwright.tools.studio.studio import Studio

SCRIPT = "A red ball rolls through the hills. It bounces at sunset."


def _plan(board: str) -> dict[str, Any]:
    found = re.search(r'<textarea name="plan"[^>]*>(.*?)</textarea>', board, re.S)
    assert found is not None
    plan: dict[str, Any] = json.loads(html.unescape(found[1]))
    return plan


@pytest.fixture(scope="module")
def board(client: TestClient) -> str:
    answer = client.post("/web/board", data={"script": SCRIPT})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_script_becomes_a_board(board: str) -> None:
    plan = _plan(board)
    assert [shot["action"] for shot in plan["shots"]] == SCRIPT.replace(". ", ".|").split("|")
    # described first frames would be drawn before each shot; the person decides where
    assert {shot["first_frame"] for shot in plan["shots"]} == {None}


def test_a_last_frame_of_the_script_stands_on_the_board_and_can_be_taken_off(
    client: TestClient,
) -> None:
    script = "A red ball rolls through the hills until it stops. It bounces at sunset."
    board = client.post("/web/board", data={"script": script}).text
    told = client.post("/api/make_film", json={"script": script, "dry_run": True}).json()
    assert f"renders: {told['effective']['renders']}" in board
    assert 'name="shot.0.last_frame" value="a red ball stops"' in board
    form = {"plan": json.dumps(_plan(board)), "shot.0.first_frame": "", "shot.0.last_frame": ""}
    assert "renders: 2" in client.post("/web/board", data=form).text


def test_a_field_changes_its_shot_and_what_it_loses_is_told(client: TestClient, board: str) -> None:
    form = {"plan": json.dumps(_plan(board)), "script": SCRIPT, "shot.0.move": "pan_left",
            "shot.0.speed": "", "shot.0.duration_s": "3", "shot.1.shot_size": "close_up"}  # fmt: skip
    shots = _plan(client.post("/web/board", data=form).text)["shots"]
    assert shots[0]["camera"][0]["move"] == "pan_left" and shots[0]["duration_s"] == 3
    assert shots[1]["shot_size"] == "close_up" and shots[1]["duration_s"] != 3
    fewer = client.post("/web/board", data={**form, "drop": "1"})
    assert len(_plan(fewer.text)["shots"]) == 1 and "No shot holds this" in fewer.text


def test_a_new_action_brings_its_own_subject_place_and_light(
    client: TestClient, board: str
) -> None:
    form = {"plan": json.dumps(_plan(board)), "shot.1.shot_size": "close_up"}

    def second(action: str) -> dict[str, Any]:
        sent = {**form, "shot.0.action": "Anna waits.", "shot.1.action": action}
        plan = _plan(client.post("/web/board", data=sent).text)
        known = {person["id"]: person["name"] for person in plan["characters"]}
        shot: dict[str, Any] = plan["shots"][1]
        cast = [known[who["character_id"]] for who in shot["cast"]]
        return {**shot, "cast": cast}

    cube = second("A green cube rests in the city at night.")
    assert (cube["props"], cube["time_of_day"]) == (["a green cube"], "night")
    assert cube["shot_size"] == "close_up", "what the board shows stays as it is seen"
    assert second("It rests at dawn.")["props"] == _plan(board)["shots"][1]["props"]
    assert second("Bob runs.")["cast"] == ["Bob"]


def test_a_film_is_made_with_what_was_written_last(
    client: TestClient, studio: Studio, board: str
) -> None:
    form = {"plan": json.dumps(_plan(board)), "script": SCRIPT, "quality": "draft", "takes": "2"}
    card = client.post("/web/make", data={**form, "shot.1.action": "It rests at dawn."})
    assert card.status_code == 200, card.text
    row = studio.jobs.page(state=None, limit=1, cursor=None)[0][0]
    asked = row["arguments"]
    assert row["verb"] == "make_film" and (asked["quality"], asked["takes"]) == ("draft", 2)
    assert asked["plan"]["shots"][1]["action"] == "It rests at dawn."
    client.post("/web/do/cancel_job", data={"job_id": row["job_id"]})
    long = client.post("/web/make", data={**form, "shot.1.duration_s": "99"})
    assert long.status_code == 400 and "duration_s" in long.text


def test_what_is_chosen_beside_the_board_outlives_an_edit_of_it(board: str) -> None:
    kept = board.partition('id="board-choices" hx-preserve="true"')[2]
    assert 'name="takes"' in kept and "data-film-quality" in kept and "data-film-make" in kept


def test_shots_are_moved_added_and_removed() -> None:
    plan = {"shots": [{"id": i, "action": i, "duration_s": 1.0} for i in "ABC"]}

    def order(**fields: str) -> list[str]:
        return [shot["id"] for shot in edited(plan, fields)["shots"]]

    assert order(shift="0:1") == ["B", "A", "C"] and order(shift="2:-1") == ["A", "C", "B"]
    assert order(shift="0:-1") == ["A", "B", "C"] and order(drop="1") == ["A", "C"]
    assert order(add="0") == ["A", "A-2", "B", "C"]
    for wrong in ({"shift": "9:1"}, {"drop": "-1"}, {"add": "x"}, {"shot.0.duration_s": "long"}):
        with pytest.raises(BadRequest):
            edited(plan, wrong)
    untouched = edited(plan, {"shot.9.action": "x", "shot.0.seed": "3", "shot.0.action": ""})
    assert untouched == plan


def test_a_plan_that_is_none_is_refused(client: TestClient) -> None:
    assert client.post("/web/board", data={"plan": '{"shots": []}'}).status_code == 400
    assert client.post("/web/board", data={"plan": "[" * 50_000}).status_code == 400
    assert client.post("/web/board", data={"script": " "}).status_code == 400
    for plan in ('{"shots": 5}', '{"shots": [1]}', '{"shots": [{"camera": [{}]}]}'):
        form = {"plan": plan, "shot.0.move": "pan_left", "add": "0"}
        assert client.post("/web/board", data=form).status_code == 400
        assert client.post("/web/make", data=form).status_code == 400


def test_an_edit_of_a_film_is_a_job_of_make_film(
    client: TestClient, studio: Studio, make_film: Callable[..., str]
) -> None:
    film = make_film()
    takes = studio.store.read_record("films", film)["shots"][0]["takes"]
    edit = {"shot": "S1-010", "op": "choose", "take_id": takes[1]}
    card = client.post(f"/web/edit/{film}", data=edit)
    assert card.status_code == 200, card.text
    row = studio.jobs.page(state=None, limit=1, cursor=None)[0][0]
    assert row["verb"] == "make_film" and row["arguments"]["edits"] == [edit]
    wrong = client.post(f"/web/edit/{film}", data={**edit, "take_id": "take_0"})
    assert wrong.status_code == 400 and "is no take of the shot" in wrong.text
    client.post("/web/do/cancel_job", data={"job_id": row["job_id"]})


def test_a_film_is_shown_with_its_takes_and_opened_as_a_board(
    client: TestClient, make_film: Callable[..., str]
) -> None:
    film = make_film("Two takes")
    page = client.get(f"/film/{film}").text
    assert "Two takes" in page and page.count('value="choose"') == 1 and "data-timeline" in page
    board = client.get(f"/film?from={film}").text
    assert f'name="film_id" value="{film}"' in board and 'class="seen"' in board
    assert 'value="draft" selected' in board and "renders: 2" in board, "with the film's own look"
    form = {"plan": json.dumps(_plan(board)), "film_id": film, "shot.0.action": "a ball"}
    assert 'class="seen"' in client.post("/web/board", data=form).text  # an edit keeps the pictures
    chosen = client.post("/web/board", data={**form, "at_quality": "high", "takes": "3"}).text
    assert 'value="high" selected' in chosen and "renders: 3" in chosen, (
        "the cost of what is chosen"
    )


def test_an_export_is_downloaded(client: TestClient, make_film: Callable[..., str]) -> None:
    film = make_film()
    done = client.post("/web/do/export_film", data={"film_id": film, "format": "json"}).text
    link = re.search(r'href="(/web/exports/[^"]+)"', done)
    assert link is not None
    file = client.get(link[1])
    assert file.status_code == 200 and file.json()["title"] == "A ball"
    assert "attachment" in file.headers["content-disposition"]
