"""What the image families share: one picture from words, or from a picture and words.

A clip of one frame.  A reference picture is a guide of one frame: what the denoising starts from, `Given.strength` far
from its end.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import OnStep
from shotwright.generator.pipelines.sampling import Sampler, to_frames


class PictureSampler(Sampler):
    """A loaded checkpoint that draws pictures; families name the pipeline for a given one in `redrawing`."""

    redrawing: ClassVar[Any]
    rounding: ClassVar[Callable[[float], int]]
    """How its pipeline makes a whole number of the share of the steps that it takes."""
    takes = frozenset({"guide"})
    frames_argument = ""

    def prepare(self) -> None:
        """The pipeline that redraws, on the same parts."""
        self.redraw = self.redrawing(**self.pipeline.components)
        self.redraw.set_progress_bar_config(disable=True)
        self.siblings.append(self.redraw)

    def check(self, spec: ClipSpec, given: Given) -> None:
        super().check(spec, given)
        if spec.frames != 1:
            raise BadRequest(
                f"{self.card.name} draws pictures; it makes no clips.",
                code="unsupported_mode",
                field="model",
                value=self.card.name,
                allowed=["image"],
                fix="use generate_image, or a model whose modes include text",
            )

    def make(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """One call; steps that a reference picture saves are not counted."""
        if given.guide is None:
            return self._shown(self.call(self.pipeline, spec, on_step, output_type="np"))
        # less than one step of the schedule would be none
        strength = max(given.strength, 1 / spec.steps)
        output = self.call(
            self.redraw,
            spec,
            on_step,
            steps=type(self).rounding(spec.steps * strength),
            output_type="np",
            image=Image.fromarray(given.guide[0]),
            strength=strength,
        )
        return self._shown(output)

    def _shown(self, output: Any) -> Frames:
        return to_frames(np.asarray(output.images))
