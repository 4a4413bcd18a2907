"""What Kling's clients send, field by field.  Knows no behaviour.

What is here but means nothing on this machine (a voice, a motion brush) is refused by `translate`, with a sentence.
"""

from typing import Any, Literal

from pydantic import Field, NonNegativeInt

from shotwright.tools.studio.wire import MAX_PROMPT, MAX_TAKES, Strict

Media = str
"""A URL, or a picture's bytes in Base64 without a data: prefix."""
Switch = Literal["on", "off"]


class CameraControl(Strict):
    type: str | None = None
    config: dict[str, float] | None = None


class Watermark(Strict):
    enabled: bool = False


class Task(Strict):
    """What every endpoint that makes a task takes."""

    model_name: str | None = Field(None, max_length=100)
    model: str | None = Field(None, max_length=100, description="an older name of model_name")
    prompt: str | None = Field(None, max_length=MAX_PROMPT)
    callback_url: str | None = Field(None, max_length=2000)
    external_task_id: str | None = Field(None, max_length=150, pattern=r"^[^\x00-\x1f]*$")
    watermark_info: Watermark | None = None


class Video(Task):
    """What text2video, image2video and video-extend share."""

    negative_prompt: str | None = Field(None, max_length=MAX_PROMPT)
    cfg_scale: float | None = Field(None, ge=0, le=1)
    mode: Literal["std", "pro"] = "std"


class Clip(Video):
    """What text2video and image2video share."""

    camera_control: CameraControl | None = None
    duration: str | NonNegativeInt | None = None
    sound: Switch | None = None
    multi_shot: bool | None = None
    shot_type: str | None = None
    multi_prompt: list[Any] | None = None
    element_list: list[Any] | None = None
    voice_list: list[Any] | None = None


class TextToVideo(Clip):
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT)
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = "16:9"


class ImageToVideo(Clip):
    image: Media | None = None
    image_tail: Media | None = None
    static_mask: Media | None = None
    dynamic_masks: list[Any] | None = None


class VideoExtend(Video):
    video_id: str = Field(min_length=1, max_length=100)


class ImageGeneration(Task):
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT)
    negative_prompt: str | None = Field(None, max_length=MAX_PROMPT)
    image: Media | None = None
    image_reference: Literal["subject", "face"] | None = None
    image_fidelity: float | None = Field(None, ge=0, le=1)
    human_fidelity: float | None = Field(None, ge=0, le=1)
    resolution: Literal["1k", "2k"] = "1k"
    n: int = Field(1, ge=1, le=MAX_TAKES)
    aspect_ratio: str = "16:9"
