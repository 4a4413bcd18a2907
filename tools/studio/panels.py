"""An animatic's shots: from the plan to panels, and from a panel to frames.  No model is asked.

A panel is a part as a rendered take's is, with the board to be drawn, the camera's path and the
picture it moves over, if there is one.  `plan_panel` is light and runs in fronts, `animated` in the
worker.
"""

import math
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from shotwright.generator.camera import Move, Pose, path, totals
from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Picture
from shotwright.prompts.shotplan import Dialogue, Shot, ShotPlan
from shotwright.tools.studio import wire
from shotwright.tools.studio.clips import ClipPlan, place
from shotwright.tools.studio.mechanisms import AFTER, NONE
from shotwright.tools.studio.resolve import Resolution
from shotwright.tools.studio.studio import Studio

if TYPE_CHECKING:
    from shotwright.generator.animatic import Animatic

MODEL = "animatic"
"""What an animatic's takes name as their model."""
PRESET = "veryfast"
"""x264's preset for panels: flat drawings lose nothing by it, and a film is there in half the time."""
SIZES = {
    "16:9": (640, 360),
    "9:16": (360, 640),
    "1:1": (480, 480),
    "4:3": (560, 420),
    "3:4": (420, 560),
    "21:9": (784, 336),
}
"""Width and height by aspect ratio: about a quarter of a million pixels, large enough for the words to be read."""
MAX_FPS = 30
"""More are not seen in a drawing, and a long shot is held in memory whole."""
HALF_WIDTH_MM = 18.0
"""Half the width of full frame: a lens of f mm sees 2 atan(18 / f)."""


async def plan_panel(
    studio: Studio,
    a: wire.MakeFilm,
    asked: dict[str, Any],
    plan: ShotPlan,
    shot: Shot,
    *,
    seed: int,
    image: str | None,
    handle: int,
) -> ClipPlan:
    """One shot as a panel; `handle` frames more than the shot lasts, for a dissolve."""
    card, notes = studio.catalog.get(a.model), Resolution()
    width, height = SIZES[a.aspect_ratio or plan.aspect_ratio]
    asked_fps = plan.fps or card.fps
    fps = min(MAX_FPS, max(1, round(asked_fps)))
    notes.adjust("fps", asked_fps, fps, f"an animatic has whole frames a second, up to {MAX_FPS}")
    frames = max(1, round(shot.duration_s * fps)) + handle
    used = (frames - handle) / fps
    notes.adjust("duration_s", shot.duration_s, used, f"whole frames at {fps} a second")
    picture = None
    if image is not None:
        given = await studio.intake.image(image, "image")
        picture = await place(
            studio, given, width=width, height=height, fit=a.fit, name="image", notes=notes
        )
    spec = ClipSpec(
        model=MODEL,
        prompt=shot.action,
        negative_prompt="",
        width=width,
        height=height,
        frames=frames,
        fps=fps,
        seed=seed,
        steps=1,
        guidance=0.0,
    )
    part = {
        "take_id": _new_take(),
        "request": asked,
        "seed": seed,
        "quality": "animatic",
        "segments": [{"spec": spec.to_json(), "overlap": 0}],
        "panel": board_of(plan, shot, used),
        "camera": camera_of(card, shot, frames, seed),
        "given": {"first": picture, "last": None, "keyframes": []},
        "label": a.label,
        "words": {"original": shot.source, "text": shot.action},
        "unknown_words": [],
        "adjustments": notes.adjustments,
        "warnings": notes.warnings,
        "parents": [],
        "source": None,
        "after": None,
    }
    return ClipPlan(card, [part], notes)


def animated(part: dict[str, Any], fetch: Callable[[str], Picture]) -> "Animatic":
    """The panel's frames; `fetch` gives the picture of a key."""
    from shotwright.generator.animatic import animate
    from shotwright.generator.boards import Board, Figure
    from shotwright.tools.studio.pictures import mark_rows

    spec, camera = ClipSpec.from_json(part["segments"][0]["spec"]), part["camera"]
    facts = part["panel"]
    board = Board(
        **{
            **facts,
            "dialogue": tuple(facts["dialogue"]),
            "figures": tuple(Figure(**figure) for figure in facts["figures"]),
            "foot": 0 if part["label"] == "none" else mark_rows(spec.width, spec.height),
        }
    )
    key = part["given"]["first"]
    return animate(
        board,
        path(
            [Move(**m) for m in camera["moves"]],
            spec.frames,
            amounts=camera["amounts"],
            seed=spec.seed,
        ),
        width=spec.width,
        height=spec.height,
        hfov_deg=camera["hfov_deg"],
        picture=None if key is None else fetch(key),
    )


def unreadable(part: dict[str, Any]) -> list[dict[str, str]]:
    """A warning when the font lacks letters of the panel's words."""
    from shotwright.generator.captions import missing

    board = part["panel"]
    lost = missing("".join([board["number"], board["action"], *board["dialogue"]]))
    if not lost:
        return []
    message = f"the animatic's font has no glyph for {' '.join(lost)}; boxes stand in their place."
    return [{"code": "no_glyph", "message": message}]


def camera_of(card: Card, shot: Shot, frames: int, seed: int) -> dict[str, Any]:
    """The shot's moves as a part keeps them; a lens given in mm decides the field of view."""
    moves = [move.to_move() for move in shot.camera]
    amounts = dict(card.camera_amounts)
    asked: Pose | None = None
    if moves:
        asked = totals(path(moves, frames, amounts=amounts, seed=seed))
    hfov_deg = card.hfov_deg
    if shot.lens_mm is not None:
        seen = 2 * math.degrees(math.atan(HALF_WIDTH_MM / shot.lens_mm))
        hfov_deg = min(120.0, max(5.0, seen))
    return {
        "moves": [asdict(move) for move in moves],
        "amounts": amounts,
        "mechanism": AFTER if moves else NONE,
        "asked": None if asked is None else asdict(asked),
        "hfov_deg": hfov_deg,
    }


def board_of(plan: ShotPlan, shot: Shot, duration_s: float) -> dict[str, Any]:
    """What the panel shows, as JSON: the fields of `boards.Board`."""
    scene, location = plan.scene_of(shot), plan.location_of(shot)
    time = shot.time_of_day or (scene.time_of_day if scene else None) or ""
    inside = location is not None and location.int_ext == "INT"
    slugline = scene.slugline if scene else ""
    inside = inside or bool(re.match(r"\s*(INT\b(?!/EXT)|内景)", slugline, re.IGNORECASE))
    place = location.name if location else slugline or shot.scene_id
    told = (location is not None and location.int_ext) or _MARKED.match(slugline)
    inside = inside or (not told and is_indoors(place, shot.action))
    size = shot.shot_size or ("wide" if shot.intent == "establishing" else "medium")
    return {
        "number": shot.id,
        "action": shot.action,
        "facts": _facts(shot, size, duration_s),
        "dialogue": [_line(plan, spoken) for spoken in shot.dialogue],
        "size": size,
        "angle": shot.angle,
        "palette": palette_of(time, inside=inside),
        "place": place,
        "figures": _figures(plan, shot),
        "over_shoulder": shot.framing == "over_the_shoulder",
    }


def is_indoors(place: str, action: str) -> bool:
    """Whether a place, or else what happens there, names a room: "in the kitchen", 厨房里, not
    "outside the kitchen".
    """
    said = place if _ROOMS.search(place) or _OPEN_AIR.search(place) else action
    return bool(_ROOMS.search(said)) and not (_OPEN_AIR.search(said) or _BEFORE_IT.search(action))


_BEFORE_IT = re.compile(r"\boutside\s+(?:of\s+)?(?:the|a|an|his|her|their)\b", re.IGNORECASE)
_MARKED = re.compile(r"\s*(?:INT|EXT|I/E|内景|外景|内|外)\b", re.IGNORECASE)
_ROOMS = re.compile(
    r"\b(?:(?:class|court|wait|ball|bed|bath|board|living|dining|waiting|meeting|hotel|hospital)?\s?rooms?|kitchens?|offices?|"
    r"corridors?|hallways?|hall|attics?|cellars?|basements?|garages?|studios?|library|elevators?|stairwells?|caf[eé]s?|"
    r"restaurants?|diners?|bar|pubs?|church|chapel|theat(?:er|re)|museums?|laborator(?:y|ies)|workshops?|pantry|nursery|lobby|"
    r"foyer|cockpit|bunker|dungeon|indoors)\b"
    r"|厨房|卧室|客厅|餐厅|浴室|教室|办公室|走廊|楼道|地下室|阁楼|书房|病房|图书馆|咖啡馆|酒吧|教堂|电梯|车库|大厅|屋里|屋内|室内|房间",
    re.IGNORECASE,
)
_OPEN_AIR = re.compile(
    r"\b(?:outside|outdoors|street|garden|field|forest|beach|sea|sky|road|mountain|river|roof|rooftop|yard|park|harbou?r|"
    r"meadow|desert|quay|village)s?\b|室外|屋外|门外|窗外|街|花园|田|森林|海|天空|山|河|屋顶|院子|公园",
    re.IGNORECASE,
)


def palette_of(time: str, *, inside: bool) -> str:
    """The colours for a time of day in the plan's words."""
    said = time.lower()
    for palette, words in _TIMES.items():
        if any(word in said for word in words):
            return ("inside night" if palette == "night" else "inside") if inside else palette
    return "inside" if inside else "day"


_TIMES = {
    "night": ("night", "midnight", "moon", "夜", "晚", "深更"),
    "dusk": ("dusk", "sunset", "evening", "twilight", "黄昏", "傍晚", "日落", "夕"),
    "dawn": ("dawn", "sunrise", "清晨", "黎明", "日出", "拂晓"),
}


def _facts(shot: Shot, size: str, duration_s: float) -> str:
    """Size, angle, framing, lens, camera and length in the words of the set."""
    words = [size.replace("_", " ").upper()]
    words += [shot.angle.replace("_", " ")] if shot.angle != "eye_level" else []
    words += [shot.framing.replace("_", " ")] if shot.framing else []
    words += [f"{shot.lens_mm:g} mm"] if shot.lens_mm else []
    for move in shot.camera:
        name = move.move.replace("_", " ")
        words.append(name if move.amount is None else f"{name} {move.amount:g}")
    return " · ".join([*words, f"{duration_s:.4g} s"])


_DELIVERY = {"on_screen": "", "off_screen": " (O.S.)", "voice_over": " (V.O.)"}


def _line(plan: ShotPlan, spoken: Dialogue) -> str:
    speaker = next((c.name for c in plan.characters if c.id == spoken.character_id), None)
    return f"{speaker or spoken.character_id}{_DELIVERY[spoken.delivery]}: {spoken.text}"


_SIDES = (
    (("left", "左"), -0.5),
    (("right", "右"), 0.5),
    (("cent", "middle", "中"), 0.0),
)


def _figures(plan: ShotPlan, shot: Shot) -> list[dict[str, Any]]:
    """Who and what stands in the picture: the cast, else whom the action names, else its things."""
    names = {character.id: character.name for character in plan.characters}
    over = shot.framing == "over_the_shoulder"
    cast = [
        (names.get(c.character_id, c.character_id), c.position or "")
        for c in shot.cast
        # whose back frames the picture is drawn as the back
        if not (over and re.search(r"behind|背", c.position or ""))
    ]
    if not shot.cast:
        cast = [(name, "") for name in names.values() if name.lower() in shot.action.lower()]
    people = cast[:5]
    things = [(prop, "") for prop in shot.props[: 2 if people else 3]]
    if not people and not things and shot.intent != "establishing":
        things = [(shot.action[:40], "")]
    shown = [(name, where, False) for name, where in people]
    shown += [(name, where, True) for name, where in things]
    spread = (
        [0.0] if len(shown) < 2 else [1.2 * n / (len(shown) - 1) - 0.6 for n in range(len(shown))]
    )
    return [
        {"name": name, "x": _side(where, spread[number]), "thing": thing}
        for number, (name, where, thing) in enumerate(shown)
    ]


def _side(where: str, otherwise: float) -> float:
    said = where.lower()
    return next((x for words, x in _SIDES if any(word in said for word in words)), otherwise)


def _new_take() -> str:
    from shotwright.tools.studio.assets import new_id

    return new_id("take")
