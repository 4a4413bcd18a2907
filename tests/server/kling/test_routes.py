"""Kling's face as its own clients use it: tasks made, looked at and listed, refused in Kling's terms."""

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from PIL import Image
from starlette.testclient import TestClient

from shotwright.server.guard import Limits
from shotwright.server.http import create_app
from shotwright.server.kling import translate
from shotwright.tools.studio.studio import Studio

HERE = "http://127.0.0.1:8188"
ACCESS, SECRET = "an-access-key", "a secret key of at least 32 bytes"
TEXT, IMAGE = "/v1/videos/text2video", "/v1/videos/image2video"
EXTEND, PICTURES = "/v1/videos/video-extend", "/v1/images/generations"


def _client(studio: Studio) -> TestClient:
    return TestClient(create_app(studio), base_url=HERE, raise_server_exceptions=False)


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    with _client(studio) as client:
        yield client


@pytest.fixture
def keyed(studio: Studio) -> Iterator[TestClient]:
    """The face of a server with a token and Kling's keys."""
    locked = replace(
        studio.settings, token="token", kling_access_key=ACCESS, kling_secret_key=SECRET
    )
    with _client(Studio(locked)) as client:
        yield client


def _token(secret: str = SECRET, **claims: Any) -> str:
    now = int(time.time())
    return jwt.encode({"iss": ACCESS, "exp": now + 1800, "nbf": now - 5, **claims}, secret)


def _photo() -> str:
    file = io.BytesIO()
    Image.effect_noise((128, 72), 60).convert("RGB").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _refused(reply: Any, status: int, code: int, word: str) -> None:
    body = reply.json()
    assert (reply.status_code, body["code"]) == (status, code), body
    assert word in body["message"]
    assert body["request_id"]


def _arguments(studio: Studio, reply: Any) -> dict[str, Any]:
    """What the verb was asked for."""
    assert reply.status_code == 200, reply.json()
    asked: dict[str, Any] = studio.jobs.row(reply.json()["data"]["task_id"])["arguments"]
    return asked


def _end(client: TestClient, path: str, task_id: str) -> dict[str, Any]:
    """The task when it has ended."""
    for _ in range(600):
        task: dict[str, Any] = client.get(f"{path}/{task_id}").json()["data"]
        if task["task_status"] in ("succeed", "failed"):
            return task
        client.post("/api/get_job", json={"job_id": task_id, "wait_s": 5})
    raise AssertionError("the task did not end")


def test_a_client_makes_a_clip_from_a_picture_continues_it_and_makes_pictures(
    crewed: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert translate.EXTENSION_S == 5, "Kling's own"
    monkeypatch.setattr(translate, "EXTENSION_S", 1.0)  # as it is made, and five times sooner
    served = Studio(crewed.settings)  # serving changes a studio's answers, and others use this one
    with _client(served) as client:
        sent = {"model_name": "kling-v1", "prompt": "a red ball rolls", "duration": "3"}
        made = client.post(IMAGE, json={**sent, "image": _photo(), "external_task_id": "kling-1"})
        task = made.json()["data"]
        assert made.json()["code"] == 0
        assert task["task_status"] in ("submitted", "processing")
        assert task["task_info"]["external_task_id"] == "kling-1"
        done = _end(client, IMAGE, task["task_id"])
        assert done["task_status"] == "succeed", done
        (video,) = done["task_result"]["videos"]
        assert 2.5 < float(video["duration"]) < 3.5
        assert client.get(video["url"]).content[4:8] == b"ftyp"
        assert client.get(f"{IMAGE}/kling-1").json()["data"] == done
        assert done["updated_at"] >= done["created_at"] > 1.7e12
        longer = client.post(EXTEND, json={"video_id": video["id"], "prompt": "it rolls on"})
        drawn = client.post(PICTURES, json={"prompt": "a blue cube", "n": 2, "aspect_ratio": "1:1"})
        pictures = _end(client, PICTURES, drawn.json()["data"]["task_id"])["task_result"]["images"]
        assert [picture["index"] for picture in pictures] == [0, 1]
        assert all(client.get(p["url"]).content.startswith(b"\x89PNG") for p in pictures)
        begun = client.post(IMAGE, json={"image": pictures[0]["url"]}).json()
        assert begun["code"] == 0, begun
        client.post("/api/cancel_job", json={"job_id": begun["data"]["task_id"]})
        longer_task = _end(client, EXTEND, longer.json()["data"]["task_id"])
        assert longer_task["task_info"]["parent_video"]["id"] == video["id"]
        (extended,) = longer_task["task_result"]["videos"]
        assert float(extended["duration"]) == pytest.approx(float(video["duration"]) + 1, abs=0.2)
    served.close()


def test_equal_calls_make_two_tasks_and_one_with_the_clients_own_id(client: TestClient) -> None:
    sent = {"prompt": "a red ball"}
    ids = {client.post(TEXT, json=sent).json()["data"]["task_id"] for _ in range(2)}
    assert len(ids) == 2
    named = {**sent, "external_task_id": "mine/1"}
    again = {client.post(TEXT, json=named).json()["data"]["task_id"] for _ in range(2)}
    assert again == {client.get(f"{TEXT}/mine%2F1").json()["data"]["task_id"]}
    drawn = {**sent, "external_task_id": "mine/2", "image": _photo()}  # sent along each time
    assert len({client.post(IMAGE, json=drawn).json()["data"]["task_id"] for _ in range(2)}) == 1
    other = {**named, "prompt": "a blue ball"}
    _refused(client.post(TEXT, json=other), 400, 1201, "mine")


def test_what_a_client_leaves_empty_is_left_out(client: TestClient) -> None:
    empty = {"prompt": "a ball", "external_task_id": "", "model_name": "", "callback_url": ""}
    made = [client.post(TEXT, json=empty).json() for _ in range(2)]
    assert [task["code"] for task in made] == [0, 0], made
    assert made[0]["data"]["task_id"] != made[1]["data"]["task_id"]


def test_an_own_id_hides_no_other_task_and_holds_no_control_characters(client: TestClient) -> None:
    first = client.post(TEXT, json={"prompt": "a ball"}).json()["data"]["task_id"]
    same = {"prompt": "a cube", "external_task_id": first}
    assert client.post(TEXT, json=same).json()["data"]["task_id"] != first
    assert client.get(f"{TEXT}/{first}").json()["data"]["task_id"] == first
    unprintable = {"prompt": "a ball", "external_task_id": "a\0"}
    _refused(client.post(TEXT, json=unprintable), 400, 1201, "external_task_id")
    _refused(client.get(f"{TEXT}/%00"), 404, 1203, "names no task")


def test_tasks_are_listed_newest_first_in_pages_of_their_endpoint(client: TestClient) -> None:
    made = [client.post(TEXT, json={"prompt": f"ball {i}"}).json()["data"] for i in range(3)]
    client.post(PICTURES, json={"prompt": "a cube"})
    pages = [
        client.get(TEXT, params={"pageNum": n, "pageSize": 2}).json()["data"] for n in (1, 2, 3)
    ]
    listed = [task["task_id"] for page in pages for task in page]
    assert listed == [task["task_id"] for task in reversed(made)]
    assert [len(page) for page in pages] == [2, 1, 0]
    _refused(client.get(TEXT, params={"pageNum": 0}), 400, 1201, "pageNum")
    _refused(client.get(TEXT, params={"pageSize": "501"}), 400, 1201, "pageSize")


def test_a_cancelled_job_is_a_failed_task_that_says_why(client: TestClient) -> None:
    task_id = client.post(TEXT, json={"prompt": "a ball"}).json()["data"]["task_id"]
    client.post("/api/cancel_job", json={"job_id": task_id})
    task = client.get(f"{TEXT}/{task_id}").json()["data"]
    assert task["task_status"] == "failed"
    assert "cancelled" in task["task_status_msg"]


def test_parameters_arrive_at_the_verb(client: TestClient, studio: Studio) -> None:
    sent = {
        "prompt": "a red ball",
        "negative_prompt": "blur",
        "mode": "pro",
        "duration": "10",
        "cfg_scale": 0.5,
        "aspect_ratio": "9:16",
        "sound": "off",
        "watermark_info": {"enabled": True},
        "camera_control": {"type": "simple", "config": {"horizontal": 0, "zoom": -5}},
    }
    asked = _arguments(studio, client.post(TEXT, json=sent))
    assert asked["quality"] == "high"
    assert asked["duration_s"] == 10
    assert (asked["aspect_ratio"], asked["label"]) == ("9:16", "always")
    assert asked["negative_prompt"] == "blur"
    assert asked["camera"]["dialect"] == "kling-2026"
    # the older name of model_name, and a name of ours
    asked = _arguments(studio, client.post(TEXT, json={"prompt": "a ball", "model": "mini"}))
    assert asked["model"] == "mini"


def test_the_dialect_setting_says_what_pan_means(studio: Studio) -> None:
    older = Studio(replace(studio.settings, kling_dialect="kling-2025"))
    control = {"type": "simple", "config": {"pan": 5}}
    with _client(older) as client:
        reply = client.post(TEXT, json={"prompt": "a ball", "camera_control": control})
        assert _arguments(older, reply)["camera"]["dialect"] == "kling-2025"
    older.close()


CAMERA = {"type": "simple", "config": {"zoom": 1}}


@pytest.mark.parametrize(
    ("path", "sent", "code", "word"),
    [
        (TEXT, {}, 1200, "prompt"),
        (TEXT, {"prompt": ""}, 1201, "prompt"),
        (TEXT, {"prompt": "x" * 2501}, 1201, "prompt"),
        (TEXT, {"prompt": "x", "model": "kling\0"}, 1201, "NUL"),
        (TEXT, {"prompt": "x", "style": "noir"}, 1200, "style"),
        (TEXT, {"prompt": "x", "mode": "4k"}, 1201, "mode"),
        (TEXT, {"prompt": "x", "duration": "2"}, 1201, "duration"),
        (TEXT, {"prompt": "x", "duration": "five"}, 1201, "duration"),
        (TEXT, {"prompt": "x", "duration": "5" * 5000}, 1201, "duration"),
        (TEXT, {"prompt": "x", "aspect_ratio": "2:1"}, 1201, "aspect_ratio"),
        (TEXT, {"prompt": "x", "cfg_scale": 0.9}, 1201, "cfg_scale"),
        (TEXT, {"prompt": "x", "cfg_scale": 2}, 1201, "cfg_scale"),
        (TEXT, {"prompt": "x", "sound": "on"}, 1201, "sound"),
        (TEXT, {"prompt": "x", "multi_shot": True}, 1201, "multi_shot"),
        (TEXT, {"prompt": "x", "camera_control": {"type": "spin"}}, 1201, "camera_control.type"),
        (
            TEXT,
            {"prompt": "x", "camera_control": {"type": "simple"}},
            1201,
            "camera_control.config",
        ),
        (
            TEXT,
            {"prompt": "x", "camera_control": {"type": "simple", "config": {"pan": 1, "zoom": 1}}},
            1201,
            "exactly one",
        ),
        (
            TEXT,
            {"prompt": "x", "camera_control": {"type": "simple", "config": {"pan": 11}}},
            1201,
            "pan",
        ),
        (
            TEXT,
            {"prompt": "x", "camera_control": {"type": "down_back", "config": {"pan": 1}}},
            1201,
            "config",
        ),
        (IMAGE, {"prompt": "x"}, 1200, "image"),
        (IMAGE, {"image": "not base64!"}, 1201, "Base64"),
        (IMAGE, {"image": "data:image/png;base64,AAAA"}, 1201, "data:"),
        (IMAGE, {"image": "AAAA"}, 1201, "image is neither a picture"),
        (IMAGE, {"image_tail": "AAAA"}, 1201, "image_tail is neither a picture"),
        (IMAGE, {"image_tail": "http://127.0.0.1/x.png"}, 1201, "image_tail: "),
        (IMAGE, {"image": "http://127.0.0.1/x.png"}, 1201, "127.0.0.1"),
        (
            IMAGE,
            {"image": "AAAA", "image_tail": "AAAA", "camera_control": CAMERA},
            1201,
            "exclude",
        ),
        (
            IMAGE,
            {"image": "AAAA", "static_mask": "AAAA", "camera_control": CAMERA},
            1201,
            "exclude",
        ),
        (IMAGE, {"image": "AAAA", "static_mask": "AAAA"}, 1201, "motion brush"),
        (
            IMAGE,
            {"image": f"{HERE}/files/take_0.png?expires=1&signature=a"},
            1203,
            "no take take_0",
        ),
        (IMAGE, {"image": f"{HERE}/files/take_0.mp4"}, 1201, "not fetched"),
        (EXTEND, {"video_id": "clip-1"}, 1203, "video_id"),
        (EXTEND, {"video_id": "take_00000000000000000000"}, 1203, "take_"),
        (PICTURES, {"prompt": "x", "n": 9}, 1201, "n:"),
        (PICTURES, {"prompt": "x", "aspect_ratio": "3:2"}, 1201, "aspect_ratio"),
        (PICTURES, {"prompt": "x", "image": "AAAA"}, 1201, "picture"),
        (PICTURES, {"prompt": "x", "image_reference": "face"}, 1201, "image_reference"),
        (PICTURES, {"prompt": "x", "image": "AAAA", "image_fidelity": 0}, 1201, "image_fidelity"),
        (TEXT, {"prompt": "x", "model_name": "sora"}, 1203, "sora"),
        (TEXT, {"prompt": "x", "callback_url": "https://a.example/x"}, 1201, "CALLBACK_HOSTS"),
        (TEXT, {"prompt": "x", "callback_url": "file:///etc/passwd"}, 1201, "http"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_klings_code_and_a_sentence(
    client: TestClient, path: str, sent: dict[str, Any], code: int, word: str
) -> None:
    _refused(client.post(path, json=sent), 404 if code == 1203 else 400, code, word)


def test_a_reference_picture_reaches_the_model_and_one_that_takes_none_is_named(
    studio: Studio, client: TestClient
) -> None:
    usual = {"image_fidelity": 0.5, "human_fidelity": 0.45}  # as Kling's clients send them unasked
    sent = {"prompt": "a blue ball", "image": _photo(), **usual}
    asked = _arguments(studio, client.post(PICTURES, json=sent))
    assert asked["image"].startswith("upload_") and asked["aspect_ratio"] == "16:9"
    other = client.post(PICTURES, json={**sent, "model_name": "wan-2.1-vace-1.3b"})
    _refused(other, 400, 1201, "mini")


def test_a_body_that_is_no_object_an_unknown_task_and_an_unknown_path_are_refused(
    client: TestClient,
) -> None:
    _refused(client.post(TEXT, content=b"{"), 400, 1201, "JSON")
    _refused(client.post(TEXT, content=b"[]"), 400, 1201, "JSON")
    _refused(client.get(f"{TEXT}/task-1"), 404, 1203, "task-1")
    _refused(client.get("/v1/videos/lip-sync"), 404, 1202, "lip-sync")
    _refused(client.delete(TEXT), 404, 1202, "DELETE")
    _refused(client.options(TEXT), 404, 1202, "OPTIONS")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (lambda: None, 1001),
        (lambda: "Basic abc", 1002),
        (lambda: "Bearer abc", 1002),
        (lambda: f"Bearer {_token(exp=int(time.time()) - 10)}", 1004),
        (lambda: f"Bearer {_token(nbf=int(time.time()) + 600)}", 1003),
        (lambda: f"Bearer {_token('another secret key of 32 bytes....')}", 1000),
        (lambda: f"Bearer {_token(iss='someone')}", 1000),
        (lambda: "Bearer " + jwt.encode({"iss": ACCESS, "exp": 2**31}, "", "none"), 1002),
        (lambda: "Bearer " + jwt.encode({"iss": ACCESS}, SECRET), 1002),
    ],
    ids=["none", "basic", "no-jwt", "expired", "early", "forged", "issuer", "unsigned", "endless"],
)
def test_a_wrong_token_gets_klings_own_code(
    keyed: TestClient, authorization: Callable[[], str | None], code: int
) -> None:
    value = authorization()
    headers = {} if value is None else {"authorization": value}
    _refused(keyed.get(TEXT, headers=headers), 401, code, "")


def test_a_signed_token_and_the_servers_own_let_in(keyed: TestClient) -> None:
    for token in (_token(), "token"):
        assert keyed.get(TEXT, headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_the_guards_refusals_come_in_klings_envelope_too(
    studio: Studio, client: TestClient
) -> None:
    foreign = client.get(TEXT, headers={"host": "evil.example"})
    _refused(foreign, 421, 1103, "Host")
    huge = client.post(TEXT, content=b"x", headers={"content-length": str(10**9)})
    _refused(huge, 413, 1200, "body")
    app = create_app(studio, limits=Limits(burst=1, per_s=0.001))
    with TestClient(app, base_url=HERE) as hasty:
        hasty.get(TEXT)
        _refused(hasty.get(TEXT), 429, 1302, "too many")


def test_a_kling_token_opens_nothing_else(keyed: TestClient) -> None:
    reply = keyed.get("/api/jobs", headers={"authorization": f"Bearer {_token()}"})
    assert reply.status_code == 401


def test_the_address_of_a_clip_opens_without_a_header_until_it_is_changed(
    studio: Studio, tmp_path: Path
) -> None:
    from shotwright.server.links import signed

    locked = Studio(replace(studio.settings, token="token"))
    with _client(locked) as client:
        url = signed(locked.settings, "/files/take_1.mp4")
        assert client.get(url).status_code == 404  # let in: there is no such take
        assert client.get(url.replace("take_1", "take_2")).status_code == 401
        assert client.get(url.split("?")[0]).status_code == 401
        old = signed(locked.settings, "/files/take_1.mp4", now=0.0)
        assert client.get(old).status_code == 401
    locked.close()


def test_answers_are_json_with_a_request_id_of_their_own(client: TestClient) -> None:
    ids = {json.loads(client.get(TEXT).content)["request_id"] for _ in range(2)}
    assert len(ids) == 2
