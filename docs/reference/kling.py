"""The tables of http.md on the face for clients of Kling's API: what it takes, what it refuses, what it answers."""

from functools import cache, partial
from typing import Any

from docs.reference import markdown as md
from pydantic.json_schema import models_json_schema

from shotwright.server import guard
from shotwright.server.kling import callbacks, objects, refusals, routes, translate
from shotwright.server.kling.translate import KINDS

REFUSED = "refused: [what means nothing here](#what-means-nothing-here)"
PICTURE = (
    f"URL, Base64 without `data:` up to {translate.IMAGE_BYTES // 2**20} MiB, an id, or the address of a picture "
    "made here"
)
REFERENCE = f"a picture that is drawn anew as the prompt says: {PICTURE}"
BECOMES = {
    "model_name": "a model of ours by its name; any of Kling's is the default model",
    "model": "an older name of `model_name`",
    "prompt": "as of the verb",
    "negative_prompt": "as of the verb",
    "callback_url": "told of each change: [callbacks](#callbacks)",
    "external_task_id": "the client's own id; a call with one that is known is answered with its task",
    "watermark_info": "a visible label on the clip",
    "cfg_scale": f"{translate.NEUTRAL_CFG}, or left out: guidance belongs to the quality here",
    "mode": "`std` is the quality standard, `pro` high",
    "camera_control": "one move: [camera.md](../camera.md#klings-numbers)",
    "duration": f"seconds, whole: {translate.SHORTEST_S} to {translate.LONGEST_CLIP_S}; 5 if left out",
    "sound": "`off`: no sound is made",
    "aspect_ratio": "as of the verb",
    "image": f"first picture: {PICTURE}",
    "image_tail": "last picture, likewise; excludes `camera_control`",
    "video_id": "an `id` of `task_result.videos`; "
    f"{translate.EXTENSION_S:g} s are added, up to {translate.LONGEST_S:g} s",
    "resolution": "`1k` is the quality standard, `2k` high",
    "n": "pictures to make",
    "type": "`simple`, or a master shot",
    "config": "of `simple`: one number that is not 0",
    "enabled": "whether it is seen",
    **{
        name: f"{neutral}, or left out: [what means nothing here](#what-means-nothing-here)"
        for name, neutral in translate.NEUTRAL.items()
    },
}
"""What Kling's parameters become here; those that are not in it are refused."""
MEANT = {
    "AUTHENTICATION": "the token is of other keys, or wrong",
    "EMPTY": "the header Authorization is missing or empty",
    "INVALID": "it is no `Bearer` token, or no JWT with HS256, `iss` and `exp`",
    "NOT_YET": "the token is not valid yet",
    "EXPIRED": "the token has expired",
    "PARAMETERS": "a parameter is missing or unknown",
    "VALUE": "a value that is not possible here; the sentence says what is",
    "METHOD": "no such endpoint",
    "RESOURCE": "no such task, clip or model",
    "TOO_FAST": "too many requests at once from this address",
    "TOO_MANY": "too many jobs wait",
    "FAULT": "a fault of the server",
    "UNAVAILABLE": "no worker is alive",
}


@cache
def _bodies() -> dict[str, Any]:
    _, found = models_json_schema([(kind.body, "validation") for kind in KINDS])
    return dict(found["$defs"])


def endpoints() -> str:
    """The routes."""
    page = f"`pageNum` 1 to {routes.LAST_PAGE}, `pageSize` 1 to {routes.LARGEST_PAGE}"
    rows = []
    for kind in KINDS:
        path = f"/v1/{kind.path}"
        rows += [
            (md.code(f"POST {path}"), f"make a task; the verb `{kind.verb}`"),
            (md.code(f"GET {path}"), f"tasks, newest first: {page}"),
            (md.code(f"GET {path}/{{id}}"), "one task, by `task_id` or `external_task_id`"),
        ]
    return md.table(("route", "what"), rows)


def bodies() -> str:
    """What each endpoint takes, and the objects in it."""
    named = {kind.body.__name__: f"POST /v1/{kind.path}" for kind in KINDS}
    return "\n\n".join(
        f"### {named.get(name, name)}\n\n{_body(name, schema)}"
        for name, schema in sorted(_bodies().items(), key=lambda pair: pair[0] not in named)
    )


def _body(name: str, schema: md.Schema) -> str:
    return md.arguments(schema, schema["properties"], partial(_becomes, name))


def _becomes(body: str, name: str, schema: md.Schema) -> str:
    """What a parameter is here.  Raises: KeyError for one that is neither told nor refused."""
    if (body, name) == ("ImageGeneration", "image"):
        return REFERENCE
    return REFUSED if name in translate._ABSENT.keys() - translate.NEUTRAL.keys() else BECOMES[name]


def refused() -> str:
    """Parameters that mean nothing here, and what is answered."""
    rows = [(md.code(name), told) for name, told in translate._ABSENT.items()]
    return md.table(("parameter", "answer"), rows)


def states() -> str:
    """Kling's word for a job's state."""
    rows = [(md.code(ours), md.code(theirs)) for ours, theirs in objects.STATES.items()]
    return md.table(("job", "`task_status`"), rows)


def codes() -> str:
    """Its error codes."""
    ours: dict[int, list[str]] = {}
    for code, number in refusals._CODES.items():
        ours.setdefault(number, []).append(md.code(code))
    rows = []
    for name, told in MEANT.items():
        number = getattr(refusals, name)
        status = refusals.KlingError(number, "").status
        rows.append((str(number), str(status), told, ", ".join(ours.get(number, []))))
    rows += [
        (str(number), str(status), "[before the routes](#who-may-come-in)", "")
        for status, number in guard.KLING_CODES.items()
    ]
    return md.table(("code", "status", "when", "our code"), rows)


def calling() -> str:
    """Callbacks in figures."""
    waits = ", ".join(f"{wait:g}" for wait in callbacks.RETRY_S)
    rows = [
        ("an answer is waited for", f"{callbacks.TIMEOUT_S:g} s"),
        ("what fails is tried again after", f"{waits} s, then given up"),
    ]
    return md.table(("", ""), rows)
