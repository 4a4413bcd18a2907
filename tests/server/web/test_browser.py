"""The studio in a real browser: Debian's Chromium, one server and one worker for all tests.

SCREENSHOTS=<folder> keeps a picture of each page.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shotwright.generator.camera import Pose
from shotwright.generator.lens import homography
from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio.queue import JobQueue

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

AXE = Path(__file__).with_name("axe-4.14.1.min.js")
PHONE, WIDE = (390, 844), (1440, 900)
QUICK = "/?quality=draft&duration_s=1.1"
"""Create, set to the shortest clip: the tests' only wait is the render."""
RENDER_MS = 120_000
"""For every wait of a page: nobody promises how soon a machine under load draws one."""


class Served:
    """A `shotwright serve` of its own, which can be restarted on its port."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.settings: Settings = from_environment({}, home=home, port=self.port)
        self.url = self.settings.base_url
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.settings.home / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shotwright.server.main", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.settings.environment(), "OMP_NUM_THREADS": "1"},
            )
        until = time.monotonic() + 120
        while True:
            try:
                if httpx.get(f"{self.url}/health", timeout=10).status_code == 200:
                    return
            except httpx.HTTPError:
                assert time.monotonic() < until and self.process.poll() is None
                time.sleep(0.05)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(60)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, employ: Any) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("served"))
    employ(served.settings, "cpu")
    served.start()
    yield served
    served.stop()
    queue = JobQueue(served.settings)
    for worker in queue.workers():
        if worker["state"] != "dead":
            os.kill(worker["pid"], 15)
    queue.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(served: Served, browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a path in a fresh browser profile; what a page complains of in its console fails the test."""
    contexts, complaints = [], list[str]()

    def complain(said: Any) -> None:
        if "Content Security Policy" in said.text:
            complaints.append(said.text)

    def open_(path: str, *, size: tuple[int, int] = WIDE, **of_context: Any) -> Any:
        view = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=view, base_url=served.url, **of_context)
        context.set_default_timeout(RENDER_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", complain)
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    for state in ("queued", "running"):
        left = httpx.get(f"{served.url}/api/jobs", params={"state": state}).json()["jobs"]
        for job in left:
            httpx.post(f"{served.url}/api/cancel_job", json={"job_id": job["job_id"]})
    assert not complaints


def _plays(page: Any, selector: str) -> bool:
    """Whether the video moves on by itself."""
    page.wait_for_function(
        "s => { const v = document.querySelector(s); return v && !v.paused && v.currentTime > 0.1 }",
        arg=selector,
    )
    return True


def test_a_visitor_has_a_playing_clip_after_three_actions(open_page: Callable[..., Any]) -> None:
    page = open_page(QUICK)
    page.click("[data-idea]")  # one: what
    page.wait_for_selector("#plan .figures")
    assert "static camera" in page.inner_text(".compiled")
    page.click("button.primary")  # two: make; it plays by itself, so there is no third
    page.wait_for_selector(".job [data-phase]")
    page.wait_for_selector(".job[data-state=succeeded] video")
    assert _plays(page, ".job video")
    # frame stepping, and the last frame begins the next clip
    page.click(".job [data-step='1']")
    first = page.inner_text(".job [data-time]")
    page.click(".job [data-step='1']")
    assert page.inner_text(".job [data-time]") != first
    page.click(".job [data-grab='last']")
    page.wait_for_selector("[data-slot=image].filled")
    assert page.input_value("input[name=image]").startswith("upload_")


def test_a_refusal_stays_until_it_is_mended_and_takes_no_ones_pen(
    open_page: Callable[..., Any],
) -> None:
    page = open_page(QUICK)
    page.fill("#prompt", "a red ball")
    page.wait_for_selector("#gist:not(:empty)")
    page.fill("[name=camera_words]", "wobble like a bee")
    page.wait_for_selector(".stale .problem")
    assert page.evaluate("() => document.activeElement.name") == "camera_words"
    with page.expect_response("**/web/do/generate_video"):
        page.click("button.primary")
    page.wait_for_selector(".problem:focus")
    page.fill("[name=camera_words]", "pan left")
    page.wait_for_selector("#composer:not(.stale):not(:has(.problem)) .figures")
    page.fill("#prompt", "")  # nothing said yet is no mistake
    page.wait_for_selector("#composer.stale:not(:has(.problem))")


def test_the_camera_pad_makes_moves_and_previews_them(open_page: Callable[..., Any]) -> None:
    page = open_page(QUICK)
    page.fill("#prompt", "a red ball")
    pad = page.locator("[data-surface]").bounding_box()
    x, y = pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pad["width"] * 0.4, y, steps=4)
    page.mouse.up()
    moved = page.evaluate("() => JSON.parse(document.querySelector('[data-camera]').value)")
    assert [m["move"] for m in moved] == ["pan_right"] and moved[0]["amount"] == 20
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    ring = page.locator("[data-ring]").bounding_box()
    rx, ry = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    page.mouse.move(rx, ry - 15)
    page.mouse.down()
    page.mouse.move(rx + 15, ry, steps=6)
    page.mouse.up()
    page.wait_for_function(
        "() => ['roll_cw', 'zoom_in']"
        ".every(move => document.querySelector('[data-camera]').value.includes(move))"
    )
    moved = page.evaluate("() => JSON.parse(document.querySelector('[data-camera]').value)")
    assert {m["move"]: m["amount"] for m in moved} == {
        "pan_right": 20,
        "roll_cw": 90,
        "zoom_in": 1.05,
    }
    assert page.get_attribute("[data-end]", "points")  # the last frame's outline on the first
    page.wait_for_selector("#plan:has-text('pan right 20')")
    page.evaluate(
        """() => {
            const picture = document.querySelector('[data-picture]');
            const look = () => { window.moved ||= picture.style.transform.startsWith('matrix3d'); };
            new MutationObserver(look).observe(picture, { attributes: true });
        }"""
    )  # before the click: it moves for two seconds only
    page.click("[data-try]")
    page.wait_for_function("() => window.moved")
    drawn = page.get_attribute("[data-track]", "points")
    page.fill("[data-camera-words]", "slow orbit left")  # words are drawn as the plan reads them
    page.wait_for_function(
        "was => !['', was].includes(document.querySelector('[data-track]').getAttribute('points'))",
        arg=drawn,
    )
    page.fill("[data-axis=pan]", "20")
    page.wait_for_selector("#plan:has-text('pan right 20')")
    # another model keeps what was typed and drawn, and greys out what it cannot
    told = page.input_value("[data-camera]")
    page.select_option("#model", "wan-2.1-t2v-1.3b")
    page.wait_for_selector("[data-slot=image].off")
    assert page.input_value("[data-camera]") == told and page.get_attribute("[data-end]", "points")
    assert page.input_value("[data-axis=pan]") == "20"
    page.click("[data-still]")
    assert page.input_value("[data-camera]") == ""
    for _ in range(3):  # to 1.16, which is a value like any other
        page.press("[data-surface]", "+")
    assert page.evaluate("() => document.getElementById('composer').checkValidity()")


def test_the_pads_geometry_is_that_of_the_renderer(open_page: Callable[..., Any]) -> None:
    page = open_page("/")
    width, height = 1600, 900
    for given in (
        {"pan": 20},
        {"tilt": 10, "roll": 30},
        {"zoom": 1.5, "truck": 0.2, "pedestal": -0.1},
        {
            "pan": -15,
            "tilt": 5,
            "roll": -20,
            "zoom": 0.8,
            "truck": 0.1,
            "pedestal": 0.05,
            "dolly": 0.3,
        },
    ):
        pose = {
            "pan": 0,
            "tilt": 0,
            "roll": 0,
            "zoom": 1,
            "truck": 0,
            "pedestal": 0,
            "dolly": 0,
        } | given
        corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.2, 0.7]]
        found = page.evaluate(
            """async ([pose, corners]) => {
                const { seen, shown } = await import('/static/pad.js');
                const at = corners.map(seen(pose, 50, 16 / 9));
                const back = new DOMMatrix(shown(pose, 50, 1600, 900));
                return [at, at.map(([x, y]) => {
                    const p = back.transformPoint(new DOMPoint(x * 1600, y * 900));
                    return [p.x / p.w / 1600, p.y / p.w / 900];
                })];
            }""",
            [pose, corners],
        )
        named = Pose(
            pose["pan"],
            pose["tilt"],
            pose["roll"],
            *(pose[a] for a in ("zoom", "truck", "pedestal", "dolly")),
        )
        matrix = homography(named, hfov_deg=50, width=width, height=height)
        for (u, v), at, again in zip(corners, found[0], found[1], strict=True):
            x, y, w = matrix @ (u * (width - 1), v * (height - 1), 1)
            assert at == pytest.approx([x / w / (width - 1), y / w / (height - 1)], abs=0.003)
            assert again == pytest.approx([u, v], abs=1e-3)  # the preview undoes it


def test_a_script_becomes_a_film_that_plays_as_a_whole(open_page: Callable[..., Any]) -> None:
    page = open_page("/film")
    page.fill("#script", "A red ball rolls through the hills. It bounces at sunset.")
    page.click("form.script button.primary")
    page.wait_for_selector(".card >> nth=1")
    page.select_option("#move-0", "pan_left")
    page.wait_for_function("() => document.querySelector('[name=plan]').value.includes('pan_left')")
    # what is written while the board is on its way is kept, and becomes part of the plan
    answers = list[Any]()
    page.route("**/web/board", lambda route: answers.append(route), times=1)
    page.fill("#action-0", "A red ball rests in the hills.")
    with page.expect_request("**/web/board"):
        page.focus("#action-1")
    page.keyboard.press("End")
    page.keyboard.type(" A bird flies.")
    with page.expect_response("**/web/board"):
        answers[0].continue_()
    page.wait_for_function("() => document.querySelector('[name=plan]').value.includes('rests')")
    assert page.input_value("#action-1").endswith("A bird flies.")
    page.focus("#action-0")
    page.wait_for_function("() => document.querySelector('[name=plan]').value.includes('A bird')")
    page.fill("#action-1", "A bird flies at dawn.")
    page.click("button:has-text('Animatic')")  # with what was written last
    page.wait_for_selector(".job[data-state=succeeded] video")
    page.click(".job figcaption a")
    page.wait_for_selector(".reel[data-ready] [data-timeline] li >> nth=1")
    assert "dawn" in page.inner_text("[data-timeline]")
    page.click("[data-timeline] li:nth-child(2) button")
    page.wait_for_selector("[data-timeline] li:nth-child(2)[data-now]")
    page.click(".reel [data-play]")
    assert _plays(page, ".reel video")
    # a trim is a job that joins the film anew, and the page follows
    page.click("#shot-S1-010 summary:has-text('Another action')")
    page.fill("#shot-S1-010 [name=action]", "A green ball rests.")  # is kept meanwhile
    page.click("#shot-S1-010 summary:has-text('Trim')")
    page.fill("#shot-S1-010 [name=end_s]", "1")
    page.click("#shot-S1-010 .trim button")
    page.wait_for_function(
        "() => Number(document.querySelector('[data-timeline] li').dataset.frames) < 12"
    )
    assert page.input_value("#shot-S1-010 [name=action]") == "A green ball rests."
    page.select_option("#format", "srt")
    page.click("form:has(#format) button")
    with page.expect_download() as download:
        page.click("#exported a")
    assert download.value.suggested_filename.endswith(".srt")


def test_a_click_on_the_board_is_not_broken_off_by_the_change_before_it(
    open_page: Callable[..., Any],
) -> None:
    page = open_page("/film")
    page.fill("#script", "A red ball rolls through the hills. It bounces at sunset.")
    page.click("form.script button.primary")
    page.wait_for_selector(".card >> nth=1")
    page.fill("#board-takes", "2")
    answers = list[Any]()
    page.route("**/web/board", lambda route: answers.append(route), times=1)
    page.fill("#action-0", "A blue ball rolls.")
    page.locator(".card").nth(1).get_by_role("button", name="Remove").click()
    page.wait_for_timeout(400)  # longer than a change waits
    answers[0].continue_()
    page.wait_for_function("() => document.querySelectorAll('.card').length === 1")
    page.wait_for_function("() => document.querySelector('[name=plan]').value.includes('blue')")
    assert page.input_value("#board-takes") == "2"
    page.fill("#action-0", "A green ball rolls.")
    page.press("#action-0", "Control+Enter")  # reads the board, and leaves the page where it is
    page.wait_for_function("() => document.querySelector('[name=plan]').value.includes('green')")
    assert page.url.endswith("/film")


def test_a_page_with_a_board_of_which_no_film_is_made_yet_asks_before_it_is_left(
    open_page: Callable[..., Any],
) -> None:
    page = open_page("/film")
    asked = list[str]()

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.fill("#script", "A red ball rolls through the hills.")
    page.click("form.script button.primary")
    page.wait_for_selector(".card")
    page.fill("#board-takes", "9")
    page.click("button:has-text('Animatic')")
    page.wait_for_selector("#problem .problem")  # nothing is made
    with page.expect_event("dialog"):
        page.click("nav a[href='/queue']", no_wait_after=True)
    assert asked == ["beforeunload"] and page.url.endswith("/film")
    page.fill("#board-takes", "1")
    page.press("#board-takes", "Tab")
    page.wait_for_selector("#problem .problem", state="detached")
    with page.expect_response("**/web/make"):
        page.click("button:has-text('Animatic')")
    page.wait_for_selector(".job")
    page.click("nav a[href='/queue']")
    page.wait_for_url("**/queue")
    assert asked == ["beforeunload"]


def test_two_tabs_see_one_queue_and_a_job_is_moved_and_cancelled(
    open_page: Callable[..., Any], served: Served
) -> None:
    page = open_page("/?quality=high&takes=8")
    other = page.context.new_page()
    other.goto("/queue")
    for prompt in ("a blue car", "a green bird"):
        page.fill("#prompt", prompt)
        page.click("button.primary")
        other.wait_for_selector(f".job-row:has-text('{prompt}')")
    row = other.locator(".job-row[data-state=queued]", has_text="a green bird")
    row.wait_for()
    row.get_by_role("button", name="Sooner").click()
    other.wait_for_selector(".job-row:has-text('a green bird') .mono:text-is('4')")
    for prompt in ("a green bird", "a blue car"):
        other.locator(".job-row", has_text=prompt).get_by_role("button", name="Cancel").click()
    page.wait_for_selector(".job.cancelled >> nth=1")
    other.wait_for_selector("#live .nothing")
    other.wait_for_selector(".job-row.cancelled:has-text('a blue car')")


def test_a_card_of_a_job_that_ended_on_its_way_shows_the_end(
    open_page: Callable[..., Any], served: Served
) -> None:
    def late(route: Any) -> None:
        answer = route.fetch()
        job_id = answer.text().partition('data-job="')[2].partition('"')[0]
        httpx.post(f"{served.url}/api/cancel_job", json={"job_id": job_id}).raise_for_status()
        route.fulfill(response=answer)

    page = open_page("/?quality=high&takes=8")
    page.route("**/web/do/generate_video", late)
    page.fill("#prompt", "a green ball")
    page.click("button.primary")
    page.wait_for_selector(".job.cancelled")


def test_a_page_goes_on_after_the_server_restarts(
    open_page: Callable[..., Any], served: Served
) -> None:
    page = open_page(QUICK)
    page.fill("#prompt", "a yellow bird flies over the sea")
    page.click("button.primary")
    page.wait_for_selector(".job")
    served.stop()
    page.wait_for_function("() => document.querySelector('[data-connection]').textContent")
    served.start()
    page.wait_for_selector(".job[data-state=succeeded] video")
    # the session has survived too: a write is taken
    page.click(".job button:has-text('Again')")
    page.wait_for_selector(".job >> nth=1")


def test_the_keyboard_alone_makes_a_clip_and_steps_through_it(
    open_page: Callable[..., Any],
) -> None:
    page = open_page(QUICK)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "prompt"
    page.keyboard.type("a red ball rests in the hills")
    page.locator("[data-surface]").focus()
    page.keyboard.press("Shift+ArrowLeft")
    assert "pan_left" in page.input_value("[data-camera]")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".job[data-state=succeeded] video")
    page.locator(".job a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".take-page video")
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    page.locator(".take-page [data-player]").focus()
    page.keyboard.press("ArrowRight")
    before = page.inner_text("[data-time]")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "t => document.querySelector('[data-time]').textContent !== t", arg=before
    )
    page.wait_for_selector("#plot svg")


def _take_and_film(served: Served) -> tuple[str, str]:
    takes = httpx.get(f"{served.url}/api/takes", params={"limit": 100}).json()["takes"]
    jobs = httpx.get(f"{served.url}/api/jobs", params={"state": "succeeded"}).json()["jobs"]
    film = next(job["result"]["film_id"] for job in jobs if "film_id" in job["result"])
    return next(t["take_id"] for t in takes if t["model"] == "mini"), film


@pytest.mark.parametrize(
    ("name", "size", "language", "scheme"),
    [
        ("light", WIDE, "en-US", "light"),
        ("dark", WIDE, "zh-CN", "dark"),
        ("phone", PHONE, "en-US", "light"),
    ],
)
def test_every_page_is_accessible_fits_the_screen_and_speaks(
    open_page: Callable[..., Any],
    served: Served,
    name: str,
    size: tuple[int, int],
    language: str,
    scheme: str,
) -> None:
    take, film = _take_and_film(served)
    pages = {
        "create": "/",
        "film": f"/film?from={film}",
        "library": "/library",
        "queue": "/queue",
        "take": f"/take/{take}",
        "cut": f"/film/{film}",
        "compare": f"/compare?a={take}&b={take}",
        "login": "/login",
    }
    still = {"reduced_motion": "reduce"}  # colours are measured, and not on their way
    page = open_page("/", size=size, locale=language, color_scheme=scheme, **still)
    for which, path in pages.items():
        page.goto(path)
        page.wait_for_load_state("networkidle") if which == "take" else None
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), which
        text = page.inner_text("body")
        assert ("创作" in text or "登录" in text) == (language == "zh-CN"), which
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{which}-{name}.png")
        if name == "phone" and which != "create":  # the same parts in another order
            continue
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
        serious = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found["violations"]
                   if v["impact"] in ("serious", "critical")]  # fmt: skip
        assert not serious, (which, serious)
