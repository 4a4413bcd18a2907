"""Every write goes through a verb, and none without the session's CSRF token; uploads are bounded."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import numpy as np
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message

from shotwright.server.http import create_app
from shotwright.server.web import words
from shotwright.server.web.login import TRIES
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.pictures import png
from shotwright.tools.studio.studio import Studio

HERE = "http://127.0.0.1:8188"
TOKEN = "a-long-random-word"


def _jobs(client: TestClient) -> list[str]:
    return [job["job_id"] for job in client.get("/api/jobs").json()["jobs"]]


# CSRF, foreign pages


def test_no_write_of_a_page_is_done_without_its_csrf_token(
    client: TestClient, studio: Studio
) -> None:
    routes = [r for r in create_app(studio).routes if isinstance(r, Route)]
    writes = [r.path for r in routes if "POST" in (r.methods or ()) and r.path != "/login"]
    assert "/web/do/{verb}" in writes and "/api/generate_video" in writes
    before = _jobs(client)
    for path in writes:
        if path.startswith(("/mcp", "/v1")):  # these have doors of their own
            continue
        path = re.sub(r"\{.*?\}", "generate_video", path)
        for proof in ("", "0" * 64):
            answer = client.post(path, data={"prompt": "x"}, headers={"x-csrf-token": proof})
            assert answer.status_code == 403, (path, answer.text)
            error = answer.json()["error"]
            assert error["field"] == "x-csrf-token" and error["fix"] == "reload the page"
    assert _jobs(client) == before


def test_a_page_write_needs_a_session_and_an_api_call_of_a_program_does_not(
    studio: Studio,
) -> None:
    bare = TestClient(create_app(studio), base_url=HERE, raise_server_exceptions=False)
    assert bare.post("/web/plan", data={"prompt": "x"}).status_code == 403
    assert bare.post("/api/list_models", json={}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/web/events", "/files/take_1.mp4", "/static/base.css", "/api/jobs"]
)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_embeds_or_fetches_is_refused(
    client: TestClient, path: str, site: str
) -> None:
    fetched = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert client.get(path, headers=fetched).status_code == 403
    framed = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
    assert client.get(path, headers=framed).status_code == 403


def test_a_link_that_someone_follows_opens_and_posts_nothing(client: TestClient) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}  # fmt: skip
    assert client.get("/library", headers=link).status_code == 200
    assert client.post("/web/plan", data={"prompt": "x"}, headers=link).status_code == 403


# Verbs


def test_the_plan_tells_what_is_sent_and_makes_no_job(client: TestClient) -> None:
    before = _jobs(client)
    form = {"prompt": "a red ball rolls quickly", "camera": '[{"move": "pan_left", "amount": 20}]',
            "camera_words": "", "duration_s": "1.1", "seed": "", "quality": "draft"}  # fmt: skip
    plan = client.post("/web/plan", data=form)
    assert plan.status_code == 200 and "pan left 20" in plan.text and "112" in plan.text
    assert "<del>" in plan.text and "<ins>" in plan.text
    chinese = client.post("/web/plan", data=form, headers={"accept-language": "zh"}).text
    assert "pan left 20" not in chinese and f"{words.chinese()['pan left']} 20" in chinese
    assert _jobs(client) == before


def test_a_mistake_is_told_where_problems_stand(client: TestClient) -> None:
    form = {"prompt": "a ball", "seed": "-1"}
    answer = client.post("/web/do/generate_video", data=form, headers={"hx-request": "true"})
    assert answer.status_code == 400 and "seed" in answer.text
    assert answer.headers["hx-retarget"] == "#problem" and "<html" not in answer.text
    assert client.post("/web/do/rm_rf", data={}).status_code == 404
    assert client.post("/web/plan", data={"plan": "{", "prompt": "x"}).status_code == 400


def test_a_job_is_made_moved_and_cancelled(
    client: TestClient, make_take: Callable[..., str]
) -> None:
    card = client.post(
        "/web/do/generate_video", data={"prompt": "a <b>ball</b>", "quality": "draft"}
    )
    assert card.status_code == 200 and "a &lt;b&gt;ball" in card.text
    job_id = _jobs(client)[0]
    assert f'data-job="{job_id}" data-state="queued"' in card.text
    moved = client.post("/web/do/set_priority", data={"job_id": job_id, "priority": "2"})
    assert moved.status_code == 200
    row = client.get("/web/live").text
    assert job_id in row and ">2<" in row
    cancelled = client.post("/web/do/cancel_job", data={"job_id": job_id})
    assert 'data-state="cancelled"' in cancelled.text
    for told in (cancelled.text, client.get("/queue").text):
        assert "was cancelled" not in told, "who cancelled it knows"
    ended = client.get("/web/live").text
    assert f'data-job="{job_id}"' not in ended and f'id="row-{job_id}"' in ended
    again = client.post(f"/web/again/{make_take('a kite')}")
    assert again.status_code == 200 and "a kite" in again.text
    made = client.get(f"/api/jobs/{_jobs(client)[0]}").json()
    assert made["verb"] == "generate_video" and made["state"] == "queued"
    client.post("/web/do/cancel_job", data={"job_id": made["job_id"]})


def test_a_take_is_deleted_and_brought_back(
    client: TestClient, make_take: Callable[..., str]
) -> None:
    take = make_take("a lone heron", seed=93, request={"prompt": "a lone heron", "takes": 3})
    command = "shotwright generate --prompt &#39;a lone heron&#39; --seed 93\n"
    assert command in client.get(f"/take/{take}").text.replace("</", "\n</"), "this very take"
    gone = client.post("/web/do/delete_media", data={"id": take})
    assert gone.status_code == 200 and "Undo" in gone.text
    assert "a lone heron" not in client.get("/library?query=heron").text
    client.post("/web/do/delete_media", data={"id": take, "undo": "true"})
    assert "a lone heron" in client.get("/library?query=heron").text
    assert "a lone heron" in client.get(f"/web/entry/{take}").text


# Uploads


class _Claims(bytes):
    """A byte that claims to be a gigabyte, so that counting is tested without a disk of them."""

    def __len__(self) -> int:
        return 2**30


def _upload(client: TestClient, *pieces: bytes) -> int | None:
    """The status of an upload that comes in these pieces, after which the browser is gone; None for no answer."""
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    statuses = []
    headers = {"host": "127.0.0.1:8188", "x-csrf-token": client.headers["x-csrf-token"]}
    headers["cookie"] = "; ".join(f"{name}={value}" for name, value in client.cookies.items())

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "method": "POST", "path": "/api/uploads", "raw_path": b"/api/uploads", "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8188), "scheme": "http",
    }  # fmt: skip
    anyio.run(client.app, scope, receive, send)
    return statuses[0] if statuses else None


def test_ten_gigabytes_are_refused_before_and_while_they_come(
    client: TestClient, studio: Studio
) -> None:
    before = set(studio.settings.home.iterdir())
    declared = {"content-length": str(10 * 2**30)}
    assert client.post("/api/uploads", content=b"x", headers=declared).status_code == 413
    assert _upload(client, *[_Claims(b"\0")] * 10) == 413
    assert set(studio.settings.home.iterdir()) == before


def test_half_an_upload_leaves_nothing(client: TestClient, studio: Studio) -> None:
    half = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
    before = set(studio.settings.home.iterdir()), studio.store.list_records("uploads")
    assert _upload(client, half, half) in (None, 400)
    broken = client.post("/api/uploads?name=half.png", content=half)
    assert broken.status_code == 400 and broken.json()["error"]["code"] == "invalid_media"
    assert (set(studio.settings.home.iterdir()), studio.store.list_records("uploads")) == before


def test_a_file_name_with_script_in_it_is_text(client: TestClient) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    made = client.post(
        "/api/uploads", params={"name": name}, content=png(np.zeros((8, 8, 3), np.uint8), {})
    ).json()
    page = client.get(f"/?image={made['upload_id']}&prompt={name}").text
    assert "<img src=x" not in page and made["upload_id"] in page
    shown = client.get(f"/files/{made['upload_id']}.picture")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"


# Login


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[TestClient]:
    studio = Studio(from_environment({}, home=tmp_path, token=TOKEN))
    yield TestClient(
        create_app(studio), base_url=HERE, raise_server_exceptions=False, follow_redirects=False
    )
    studio.close()


def _enter(client: TestClient, token: str, following: str = "/queue") -> int:
    page = client.get("/login").text
    csrf = page.partition('name="csrf" value="')[2][:64]
    form = {"csrf": csrf, "token": token, "next": following}
    return client.post("/login", data=form).status_code


def test_the_token_is_asked_once_and_then_a_cookie_will_do(secured: TestClient) -> None:
    shown = secured.get("/library?query=x", headers={"accept": "text/html"})
    assert (
        shown.status_code == 303 and shown.headers["location"] == "/login?next=/library%3Fquery%3Dx"
    )
    for path in ("/library", "/web/events", "/files/take_1.mp4", "/take/take_1", "/api/jobs"):
        assert secured.get(path).status_code == 401
    assert _enter(secured, "wrong") == 401 and secured.get("/library").status_code == 401
    assert _enter(secured, TOKEN) == 303
    cookie = secured.post("/login", data={}).request.headers["cookie"]
    assert TOKEN not in cookie
    page = secured.get("/library")
    assert page.status_code == 200 and TOKEN not in page.text
    # read by the cookie, write with its CSRF token only, on every route
    call = {"prompt": "x", "dry_run": True}
    assert secured.post("/api/generate_video", json=call).status_code == 403
    csrf = page.text.partition('name="csrf-token" content="')[2][:64]
    secured.headers["x-csrf-token"] = csrf
    assert secured.post("/api/generate_video", json=call).status_code == 200
    left = secured.post("/web/logout")
    assert left.status_code == 303 and secured.get("/library").status_code == 401
    # a page's own button is sent there by a header: a request of a script follows the other by itself
    assert 'hx-post="/web/logout"' in page.text
    part = secured.post("/web/logout", headers={"hx-request": "true", "cookie": cookie})
    assert part.headers["hx-redirect"] == "/login" and "set-cookie" in part.headers


def test_the_cookie_is_httponly_and_samesite(secured: TestClient) -> None:
    page = secured.get("/login")
    csrf = page.text.partition('name="csrf" value="')[2][:64]
    form = {"csrf": csrf, "token": TOKEN, "next": "//evil.example/x"}
    entered = secured.post("/login", data=form)
    assert entered.headers["location"] == "/"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "shotwright_8188=member." in cookie


def test_wrong_tokens_are_counted_and_a_login_needs_its_page(secured: TestClient) -> None:
    assert secured.post("/login", data={"token": TOKEN}).status_code == 403
    assert [_enter(secured, f"guess {n}") for n in range(TRIES)] == [401] * TRIES
    assert _enter(secured, TOKEN) == 429


def test_health_and_styles_are_open_and_nothing_else(secured: TestClient) -> None:
    for path in ("/health", "/login", "/static/base.css"):
        assert secured.get(path).status_code == 200
