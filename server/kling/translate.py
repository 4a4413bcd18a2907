"""Kling's requests as arguments of our verbs; what a parameter cannot mean here is refused in Kling's terms.

Knows no jobs and keeps nothing: pictures sent as Base64 are named by what `keep` answers.
"""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from shotwright.generator.catalog import Catalog
from shotwright.server.kling import refusals, wire
from shotwright.server.kling.refusals import KlingError

EXTENSION_S = 5.0
"""What one video-extend adds."""
LONGEST_S = 180.0
"""What Kling's extended clips may not pass; ours neither, through this face."""
SHORTEST_S, LONGEST_CLIP_S = 3, 15
IMAGE_BYTES = 10 * 2**20
NEUTRAL_CFG = 0.5
"""Kling's default; guidance belongs to the quality presets here."""
NEUTRAL = {"image_fidelity": 0.5, "human_fidelity": 0.45}
"""Kling's defaults, which its clients send unasked; how far a picture is drawn anew belongs to the model here."""

Keep = Callable[[str, bytes], Awaitable[str]]
"""Stores a picture's bytes under the name of their parameter; answers the upload id."""

_PICTURE = re.compile(r"(take_\w+)\.png(?:\?|$)", re.ASCII)
"""A picture's file under the address of our own, signed or not."""

_ABSENT = {
    "multi_shot": "several shots in one task are not made here; use the verb make_film",
    "shot_type": "several shots in one task are not made here; use the verb make_film",
    "multi_prompt": "several shots in one task are not made here; use the verb make_film",
    "element_list": "elements are not kept here; give image, image_tail or the verb make_film its images",
    "voice_list": "no sound is made here; leave voice_list out",
    "static_mask": "there is no motion brush here; leave static_mask out, or describe the motion in the prompt",
    "dynamic_masks": "there is no motion brush here; leave dynamic_masks out, or describe the motion in the prompt",
    "image_reference": "a reference picture is drawn anew as a whole here; leave image_reference out",
    "image_fidelity": "how far a picture is drawn anew belongs to the model here; leave image_fidelity out",
    "human_fidelity": "faces are not looked for here; leave human_fidelity out",
}
"""Parameters of Kling's that mean nothing here, and why."""


@dataclass(frozen=True)
class Kind:
    """One endpoint: its path, the body it takes, and the verb behind it."""

    path: str
    body: type[wire.Task]
    verb: str
    media: str
    """videos or images: what its result lists."""


KINDS = (
    Kind("videos/text2video", wire.TextToVideo, "generate_video", "videos"),
    Kind("videos/image2video", wire.ImageToVideo, "generate_video", "videos"),
    Kind("videos/video-extend", wire.VideoExtend, "extend_video", "videos"),
    Kind("images/generations", wire.ImageGeneration, "generate_image", "images"),
)


def parse(kind: Kind, body: Mapping[str, Any]) -> wire.Task:
    """The body as its model.  Raises: KlingError 1200 or 1201 naming the parameter."""
    try:
        return kind.body.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "the body"
        if first["type"] == "missing":
            raise KlingError(refusals.PARAMETERS, f"{name} is missing; give it.") from None
        if first["type"] == "extra_forbidden":
            known = ", ".join(kind.body.model_fields)
            raise KlingError(
                refusals.PARAMETERS, f"{name} is no parameter of /v1/{kind.path}; it has {known}."
            ) from None
        raise KlingError(refusals.VALUE, f"{name}: {first['msg']}.") from None


class Translator:
    """Bodies to arguments.

    dialect: what Kling's pan and tilt mean (see generator/camera_dialects.py); files: where addresses of our own
    files begin.
    """

    def __init__(self, catalog: Catalog, dialect: str, keep: Keep, files: str) -> None:
        self.catalog, self.dialect, self.keep, self.files = catalog, dialect, keep, files

    async def arguments(self, task: wire.Task) -> dict[str, Any]:
        """Arguments of the kind's verb.  Raises: KlingError."""
        _refuse_absent(task)
        given: dict[str, Any] = {"wait_s": 0.0}
        if model := self._model(task):
            given["model"] = model
        if task.prompt:
            given["prompt"] = task.prompt
        if task.watermark_info and task.watermark_info.enabled:
            given["label"] = "always"
        if isinstance(task, wire.Video):
            given |= _look(task)
        if isinstance(task, wire.Clip):
            given |= self._clip(task)
        if isinstance(task, wire.TextToVideo):
            given["aspect_ratio"] = task.aspect_ratio
        if isinstance(task, wire.ImageToVideo):
            given |= await self._frames(task)
        if isinstance(task, wire.VideoExtend):
            given |= {"video": task.video_id, "duration_s": EXTENSION_S}
        if isinstance(task, wire.ImageGeneration):
            given |= _picture(task)
            if task.image:
                given["image"] = await self._media("image", task.image)
        return given

    def _model(self, task: wire.Task) -> str | None:
        """A model of ours by its own name; any of Kling's is the default model."""
        name = task.model_name or task.model
        if not name or name.startswith("kling"):
            return None
        if name not in self.catalog.cards:
            raise KlingError(
                refusals.RESOURCE,
                f"model_name {name!r} is not here; use {', '.join(self.catalog.cards)}, or a name of Kling's, "
                "which stands for the default model.",
            )
        return name

    def _clip(self, task: wire.Clip) -> dict[str, Any]:
        if task.sound == "on":
            raise KlingError(refusals.VALUE, "sound: no sound is made here; use off.")
        given: dict[str, Any] = {"duration_s": _duration(task.duration)}
        if task.camera_control is not None:
            control = task.camera_control
            # an empty type is what clients send with a config of Kling's first version
            camera = {"dialect": self.dialect, "type": control.type or "simple"}
            given["camera"] = camera | ({"config": control.config} if control.config else {})
        return given

    async def _frames(self, task: wire.ImageToVideo) -> dict[str, Any]:
        if not task.image and not task.image_tail:
            raise KlingError(refusals.PARAMETERS, "image or image_tail is missing; give one.")
        if task.image_tail and task.camera_control:
            raise KlingError(
                refusals.VALUE,
                "image_tail and camera_control exclude each other; leave one of them out.",
            )
        names = {"image": task.image, "last_image": task.image_tail}
        return {name: await self._media(name, value) for name, value in names.items() if value}

    async def _media(self, name: str, value: str) -> str:
        # a client hands on the address that /v1/images/generations answered; ours may be private, so it is not fetched
        own = _PICTURE.match(value.removeprefix(self.files))
        if own and value.startswith(self.files):
            return own[1]
        if value.startswith(("http://", "https://", "take_", "upload_")):
            return value
        field = "image_tail" if name == "last_image" else name
        if value.startswith("data:"):
            raise KlingError(
                refusals.VALUE, f"{field} begins with data:; send the Base64 alone, or a URL."
            )
        try:
            data = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise KlingError(refusals.VALUE, f"{field} is neither a URL nor Base64.") from None
        if len(data) > IMAGE_BYTES:
            raise KlingError(
                refusals.VALUE, f"{field} is {len(data)} bytes; at most {IMAGE_BYTES} (10 MB)."
            )
        return await self.keep(field, data)


def _refuse_absent(task: wire.Task) -> None:
    brush = [name for name in ("static_mask", "dynamic_masks") if getattr(task, name, None)]
    if brush and (getattr(task, "image_tail", None) or getattr(task, "camera_control", None)):
        raise KlingError(
            refusals.VALUE,
            f"{brush[0]}, image_tail and camera_control exclude each other; leave all but one out.",
        )
    for name, why in _ABSENT.items():
        said = getattr(task, name, None)
        # a fidelity of 0 means something, what else is empty does not
        if said not in (None, NEUTRAL[name]) if name in NEUTRAL else said:
            raise KlingError(refusals.VALUE, f"{name}: {why}.")


def _look(task: wire.Video) -> dict[str, Any]:
    if task.cfg_scale not in (None, NEUTRAL_CFG):
        raise KlingError(
            refusals.VALUE,
            f"cfg_scale {task.cfg_scale}: guidance belongs to the quality here; leave it out or send "
            f"{NEUTRAL_CFG}, and choose mode std or pro.",
        )
    quality = {"quality": "high" if task.mode == "pro" else "standard"}
    return quality | ({"negative_prompt": task.negative_prompt} if task.negative_prompt else {})


def _duration(asked: str | int | None) -> float:
    text = "5" if asked is None else str(asked)
    plain = text.isascii() and text.isdigit() and len(text) < 4
    if plain and SHORTEST_S <= int(text) <= LONGEST_CLIP_S:
        return float(text)
    raise KlingError(
        refusals.VALUE,
        f"duration {text[:20]!r} is not one of {SHORTEST_S} to {LONGEST_CLIP_S}, in whole seconds.",
    )


def _picture(task: wire.ImageGeneration) -> dict[str, Any]:
    given: dict[str, Any] = {
        "quality": "high" if task.resolution == "2k" else "standard",
        "takes": task.n,
        "aspect_ratio": task.aspect_ratio,
    }
    return given | ({"negative_prompt": task.negative_prompt} if task.negative_prompt else {})


def schemas() -> Mapping[str, type[BaseModel]]:
    """The body of each endpoint, by path, for the OpenAPI document."""
    return {kind.path: kind.body for kind in KINDS}
