"""The player as a host with MCP Apps shows it: a real browser, real verbs, the host's half of the protocol here."""

import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from mcp.types import TextResourceContents

from shotwright.server.mcp import PLAYER, StudioServer
from shotwright.tools.studio.studio import Studio

DRAWN = 3_221_225_472  # the seed that "Again" draws
CHROMIUM = shutil.which("chromium")
HOST = """<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe id="app" sandbox="allow-scripts" style="width:100%;height:760px;border:0"></iframe>
<script>
const frame = document.getElementById("app");
const post = (m) => frame.contentWindow.postMessage({jsonrpc: "2.0", ...m}, "*");
window.said = [];
window.addEventListener("message", async (event) => {
  const m = event.data;
  if (event.source !== frame.contentWindow) return;
  window.said.push(m);
  if (m.method === "ui/initialize") {
    post({id: m.id, result: {protocolVersion: "2026-01-26", hostInfo: {name: "test", version: "1"},
      hostCapabilities: {serverTools: {}, serverResources: {}},
      hostContext: {theme: THEME, locale: LOCALE, toolInfo: {tool: {name: TOOL}}}}});
  } else if (m.method === "ui/notifications/initialized") {
    post({method: "ui/notifications/tool-input", params: {arguments: ARGUMENTS}});
    post({method: "ui/notifications/tool-result", params: RESULT});
  } else if (m.id !== undefined && m.method) {
    // the first look at the job is lost on its way, which ends nothing
    if (m.params?.name === "get_job" && !window.lost) {
      window.lost = true;
      return post({id: m.id, error: {code: -32000, message: "Connection closed"}});
    }
    const answer = JSON.parse(await window.serve(m.method, JSON.stringify(m.params ?? {})));
    post({id: m.id, ...answer});
  }
});
frame.srcdoc = APP;
</script>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _served(studio: Studio, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """What a host passes on to the server, asked by the official client."""

    async def run() -> dict[str, Any]:
        async with Client(StudioServer(studio)) as client:
            if method == "tools/call":
                done: Any = await client.call_tool(params["name"], params["arguments"])
            elif method == "resources/read":
                done = await client.read_resource(params["uri"])
            else:
                return {}
            answer: dict[str, Any] = done.model_dump(mode="json", by_alias=True, exclude_none=True)
            return answer

    answer: dict[str, Any] = _apart(run)
    return answer


def _answer(studio: Studio, method: str, params: str) -> str:
    """As a host answers the app: the server's result, or the error on the way to it."""
    try:
        return json.dumps({"result": _served(studio, method, json.loads(params))})
    except Exception as error:
        return json.dumps({"error": {"code": -32000, "message": repr(error)}})


def _apart(run: Callable[[], Awaitable[Any]]) -> Any:
    """In another thread: the browser's own loop is running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, run).result()


def _show(
    browser: Any,
    studio: Studio,
    arguments: dict[str, Any],
    *,
    theme: str,
    locale: str,
    tool: str = "generate_video",
) -> Any:
    """The host's page, with the app over the answer of one call."""
    result = _served(studio, "tools/call", {"name": tool, "arguments": arguments})
    app = files("shotwright.server").joinpath("player.html").read_text(encoding="utf-8")
    page_text = HOST
    for name, value in {
        "THEME": theme,
        "LOCALE": locale,
        "TOOL": tool,
        "ARGUMENTS": arguments,
        "RESULT": result,
        "APP;": app,
    }.items():
        literal = json.dumps(value).replace("</", "<\\/") + (";" if name.endswith(";") else "")
        page_text = page_text.replace(name, literal, 1)
    page = browser.new_context(viewport={"width": 720, "height": 780}).new_page()
    page.add_init_script(f"Math.random = () => {DRAWN / 2**32}")
    page.set_default_timeout(120_000)
    page.expose_function("serve", lambda method, params: _answer(studio, method, params))
    page.set_content(page_text)
    return page


def test_the_player_waits_plays_shows_the_camera_and_makes_another(
    crewed: Studio, small: dict[str, Any], browser: Any
) -> None:
    asked = {**small, "prompt": "a red ball in the hills", "seed": 3, "wait_s": 0}
    asked["camera"] = [{"move": "pan_right", "amount": 20}]
    page = _show(browser, crewed, asked, theme="dark", locale="en-GB")
    app = page.frame_locator("#app")
    app.locator("video").wait_for()
    assert app.locator("video").evaluate(
        "v => new Promise(r => v.readyState > 0 ? r(1) : v.onloadedmetadata = () => r(1))"
    )
    assert app.locator("video").evaluate("v => v.videoWidth") == 64
    assert "seed 3" in app.locator("#facts").inner_text()
    assert "Pan" in app.locator("#camera").inner_text()
    assert app.locator("html").get_attribute("data-theme") == "dark"
    app.get_by_role("button", name="Again").click()
    another = app.locator("#facts", has_text=f"seed {DRAWN}")
    another.or_(app.get_by_role("alert")).first.wait_for()
    assert another.is_visible(), app.get_by_role("alert").inner_text()
    page.wait_for_function("window.said.some(m => m.method === 'ui/update-model-context')")
    page.close()
    # who looks at a clip goes on from it; to look again with another seed is nothing
    made = {"name": "list_jobs", "arguments": {"state": "succeeded", "limit": 1}}
    (job,) = _served(crewed, "tools/call", made)["structuredContent"]["jobs"]
    look = {"video": job["result"]["best"]}
    page = _show(browser, crewed, look, theme="light", locale="en-GB", tool="view_video")
    app = page.frame_locator("#app")
    app.locator("video").wait_for()
    assert app.get_by_role("button", name="Extend").is_visible()
    assert app.get_by_role("button", name="Again").is_hidden()
    page.close()


def test_a_refusal_is_told_in_the_players_own_words(crewed: Studio, browser: Any) -> None:
    page = _show(browser, crewed, {"prompt": "a ball", "frames": 10}, theme="light", locale="zh-CN")
    app = page.frame_locator("#app")
    app.get_by_role("alert").wait_for()
    assert "10" in app.get_by_role("alert").inner_text()
    assert app.locator("html").get_attribute("lang") == "zh"
    page.close()


def test_hosts_are_told_of_the_player_and_others_lose_nothing(studio: Studio) -> None:
    async def run() -> None:
        async with Client(StudioServer(studio)) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            shown = {name for name, tool in tools.items() if (tool.meta or {}).get("ui")}
            assert shown == {
                *("generate_video", "extend_video", "move_camera", "generate_image"),
                *("make_film", "get_job", "view_video"),
            }
            assert all(tools[name].meta == {"ui": {"resourceUri": PLAYER}} for name in shown)
            page = (await client.read_resource(PLAYER)).contents[0]
            assert page.mime_type == APP_MIME_TYPE
            assert isinstance(page, TextResourceContents)
            assert "http" not in page.text
            extensions = client.server_capabilities.extensions or {}
            assert EXTENSION_ID in extensions

    _apart(run)
