"""A take: its picture, what was asked and measured, its slate, and how to ask for it elsewhere.

Try: python -m pytest tests/server/web/test_pages.py
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shotwright.server.web import asking
from shotwright.server.web.deeds import ALONE, way
from shotwright.server.web.desk import Desk, title_of
from shotwright.server.web.rendering import figure

if TYPE_CHECKING:
    from shotwright.tools.studio.slates import Slate

PLOT = (4.0, 236.0, 8.0, 82.0)
"""Left, right, top and bottom of a plot's lines in its view box of 240 x 90."""
MOVES_LEAST = {"zoom_ratio": 0.02, "truck": 0.02, "pedestal": 0.02, "dolly": 0.02}
"""Below this an axis is not drawn unless it was asked for; degrees: below 1."""
UNITS = {"pan_deg": "°", "tilt_deg": "°", "roll_deg": "°", "zoom_ratio": "x"}


class Takes:
    """The page of one take, and the plot of its camera, which is measured when it is looked at."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio = desk, desk.studio

    def routes(self) -> list[BaseRoute]:
        return [
            self.desk.get("/take/{id}", self.page),
            self.desk.get("/web/plot/{id}", self.plot),
        ]

    async def page(self, request: Request) -> Response:
        slate, take = await self.studio.blocking(self._read, request.path_params["id"])
        # this very take, of a call that may have drawn its seed and made several
        asked = {**asking.replayed(slate.verb, slate.request), "seed": slate.seed}
        asked.pop("takes", None)
        copies = []
        if slate.verb in ALONE:
            base = self.studio.settings.base_url
            copies = [
                ("MCP", asking.as_mcp(slate.verb, asked)),
                ("CLI", asking.as_command(slate.verb, asked)),
                ("Python", asking.as_python(slate.verb, asked, base)),
            ]
        return self.desk.page(
            request,
            "take.html",
            take=take,
            title=title_of(slate.request) or slate.prompt,
            slate=slate.model_dump(mode="json"),
            again=slate.verb in ALONE,
            film_id=slate.film_id,
            parents=slate.parents,
            sheet=slate.blobs.sheet is not None,
            label=slate.label,
            copies=copies,
        )

    def _read(self, take_id: str) -> "tuple[Slate, dict[str, Any]]":
        from shotwright.tools.studio.slates import read_slate

        slate = read_slate(self.studio.store, take_id)
        return slate, slate.to_take(self.studio.store, self.studio.base_url)

    async def plot(self, request: Request) -> Response:
        take_id = request.path_params["id"]
        found = await self.desk.ask("check_video", video=take_id)
        slate, _ = await self.studio.blocking(self._read, take_id)
        camera = found["camera"]
        return self.desk.page(request, "plot.html", camera=camera, plots=plots(camera, slate))


def plots(camera: dict[str, Any], slate: "Slate") -> list[dict[str, Any]]:
    """What each axis of the camera was asked to do and did, as lines; axes at rest in both are left out."""
    measured = camera["per_frame"]
    asked = _asked_path(slate, len(measured))
    found = []
    for axis in camera["measured"] or {}:
        rest = 1.0 if axis == "zoom_ratio" else 0.0
        wanted = [float(pose.get(axis, rest)) for pose in asked]
        got = [float(pose[axis]) for pose in measured]
        least = MOVES_LEAST.get(axis, 1.0)
        if max((abs(value - rest) for value in (*wanted, *got)), default=0.0) < least:
            continue
        low, high = min(*wanted, *got, rest), max(*wanted, *got, rest)
        unit = UNITS.get(axis, "")
        found.append(
            {
                "name": axis.partition("_")[0],
                "verdict": camera["verdict"].get(axis, "ambiguous"),
                "asked": figure(wanted[-1] if wanted else rest) + unit,
                "measured": figure(got[-1]) + unit,
                "asked_line": _line(wanted, low, high),
                "measured_line": _line(got, low, high),
                "zero": f"{_height(rest, low, high):.1f}",
            }
        )
    return found


def _asked_path(slate: "Slate", frames: int) -> list[dict[str, float]]:
    """The pose that was asked for at each frame: by the moves of the slate, else a straight way to the totals."""
    poses = way(slate.effective.get("camera") or {}, frames)
    if poses:
        return poses
    totals = (slate.camera or {}).get("asked") or {}
    shares = [n / max(1, frames - 1) for n in range(frames)]
    return [{a: v**s if a == "zoom_ratio" else v * s for a, v in totals.items()} for s in shares]


def _line(values: Sequence[float], low: float, high: float) -> str:
    left, right, _, _ = PLOT
    wide = (right - left) / max(1, len(values) - 1)
    return " ".join(
        f"{left + n * wide:.1f},{_height(value, low, high):.1f}" for n, value in enumerate(values)
    )


def _height(value: float, low: float, high: float) -> float:
    _, _, top, bottom = PLOT
    return bottom - (value - low) / max(high - low, 1e-9) * (bottom - top)
