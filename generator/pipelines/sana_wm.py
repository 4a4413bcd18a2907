"""SANA-WM: a first picture and words, filmed along a camera trajectory that the network itself follows."""

from collections.abc import Mapping
from typing import Any, ClassVar

from diffusers import SanaWMPipeline
from PIL import Image

from shotwright.generator.camera import Pose
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import OnStep
from shotwright.generator.pipelines.control import intrinsics, trajectory
from shotwright.generator.pipelines.sampling import Sampler, to_frames

SUBJECT_DISTANCE = 4.0
"""In the checkpoint's units of way: its own example goes 4.4 of them in 80 frames at its usual walking speed
(.055 a frame), which here is one distance of the subject."""


class SanaWmEngine(Sampler):
    """A loaded checkpoint of SANA-WM."""

    classes: ClassVar[Mapping[str, Any]] = {"SanaWMPipeline": SanaWMPipeline}
    parts: ClassVar[Mapping[str, str]] = {
        "transformer": "SanaWMTransformer3DModel",
        "vae": "AutoencoderKLLTX2Video",
    }
    embeddings = ()
    takes = frozenset({"stills", "camera"})

    def check(self, spec: ClipSpec, given: Given) -> None:
        super().check(spec, given)
        if set(given.stills) != {0}:
            raise BadRequest(
                f"{self.card.name} films from a first picture, and takes no other; give it one.",
                code="unsupported_mode",
                field="image" if 0 not in given.stills else "last_image",
                value=sorted(given.stills),
                allowed=["first"],
                fix="give image alone; generate_image makes one from words",
            )

    def make(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """One call; without a path the camera stands still."""
        path = given.path or (Pose(),) * spec.frames
        picture = given.stills[0]
        height, width = picture.shape[:2]
        output = self.call(
            self.pipeline,
            spec,
            on_step,
            output_type="np",
            fps=spec.fps,
            image=Image.fromarray(picture),
            c2w=trajectory(path, subject_distance=SUBJECT_DISTANCE),
            intrinsics=intrinsics(path, hfov_deg=given.hfov_deg, width=width, height=height),
        )
        return to_frames(output.frames)


open_checkpoint = SanaWmEngine
