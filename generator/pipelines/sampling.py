"""What the adapters of all families share: a loaded checkpoint, its call, progress, memory and errors.

A family says which pipeline it calls with which arguments; what none of its arguments can take is refused here.
"""

import gc
import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from diffusers import DiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from numpy.typing import NDArray
from torch import Tensor

from shotwright.generator import memory, speed
from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest, OutOfMemory, RenderFailed, ShotwrightError
from shotwright.generator.frames import Frames, Given, Picture
from shotwright.generator.pipelines import OnFrames, OnStep
from shotwright.generator.pipelines.decoding import in_pieces, no_numbers
from shotwright.generator.pipelines.embeddings import Embeddings
from shotwright.generator.pipelines.loading import class_of, load, locate
from shotwright.generator.pipelines.loras import Loras, of_moves
from shotwright.generator.pipelines.passes import Passes

LOG = logging.getLogger(__name__)

Made = TypeVar("Made")
AfterStep = Callable[[Any, int, Tensor], Tensor]
"""(pipeline, step, latents) -> latents"""


class Sampler(ABC):
    """A loaded checkpoint of a family."""

    classes: ClassVar[Mapping[str, Any]]
    """Pipeline class by the name that a checkpoint was saved as."""
    parts: ClassVar[Mapping[str, str]]
    """The parts with weights that every checkpoint has -> class name."""
    embeddings: ClassVar[Sequence[str]] = ("prompt_embeds", "negative_prompt_embeds")
    """What `encode_prompt` answers, as arguments of the call; empty where the encoder must stay."""
    takes: ClassVar[frozenset[str]] = frozenset()
    """What can be given: stills, prefix, guide, holes, ease, camera."""
    frames_argument: ClassVar[str] = "num_frames"
    """The name of the frame count in the pipeline's call; empty for pictures."""
    guidance_stops: ClassVar[bool] = False
    """Whether the pipeline asks at each step anew if it is guided."""

    def __init__(
        self, card: Card, *, device: str, models: Path, plan: memory.Plan | None = None
    ) -> None:
        """Loads the weights; plan: how, instead of what is chosen for the device.  Raises as `open_engine`."""
        self.card, self.device, self.models = card, device, models
        self.plan = self._usual = plan or memory.plan_for(card, device, models)
        self.folder = locate(card, models)
        self.notes: list[str] = []
        self._fitted = ""
        self.siblings: list[Any] = []
        self.speed = speed.Pace([])
        self._on_frames: OnFrames | None = None
        self.pipeline: Any = None
        self._gently(lambda: None)

    def _open(self) -> None:
        """Load by the plan, whole or not at all."""
        try:
            self._load()
        except BaseException:
            if (
                self.pipeline is not None
            ):  # else nothing came so far that a device must be given back
                self.close()
            raise

    def _load(self) -> None:
        # the pipelines warn of roundings and cuts; all of that is checked and refused before they are called
        diffusers_logging.set_verbosity_error()
        name = class_of(self.card, self.folder)
        without = ("text_encoder",) if self.reads_apart else ()
        self.pipeline = load(
            self.card,
            self.classes[name],
            self.parts_of(name),
            plan=self.plan,
            folder=self.folder,
            without=without,
            quantized=memory.gguf_of(self.card, self.models)
            if self.plan.precision == "gguf"
            else {},
        )
        self.prompts = Embeddings(
            self.models / "prompts",
            self.folder,
            self.embeddings,
            dtype=torch.float32 if self.plan.precision == "fp32" else torch.bfloat16,
        )
        self._scheduler = self.pipeline.scheduler
        self._reschedule(*next(iter(self.card.sizes.values())))
        self.prepare()
        self.loras = Loras(self.card, self.models)
        self.passes = Passes(speed.networks_of(self.pipeline), together=self.plan.batched)
        memory.apply(self.pipeline, self.plan, self.device)
        for other in self.siblings:
            # hooks that move parts about are of the parts; which to free is of the pipeline
            for name in ("_all_hooks", "_offload_device", "_offload_gpu_id"):
                if hasattr(self.pipeline, name):
                    setattr(other, name, getattr(self.pipeline, name))
        self.speed = speed.prepare(self.pipeline, self.device, self.plan, self.models / "compiled")

    def _reschedule(self, width: int, height: int) -> None:
        """Set what the card says of the scheduler at a size.  Raises: RenderFailed for a value that it has not."""
        stock, values = self._scheduler, self.card.scheduler_at(width, height)
        if unknown := sorted(values.keys() - stock.config.keys()):
            raise RenderFailed(
                f"{type(stock).__name__} has no {unknown[0]}, which {self.card.name} sets.",
                fix="mend the card's [scheduler]",
                retryable=False,
            )
        if values:
            changed = type(stock).from_config(stock.config, **values)
            for pipeline in self._pipelines():
                getattr(self, pipeline).register_modules(scheduler=changed)

    def _pipelines(self) -> list[str]:
        """Names of the attributes that hold one, all on the same parts."""
        return [name for name, held in vars(self).items() if isinstance(held, DiffusionPipeline)]

    def parts_of(self, class_name: str) -> Mapping[str, str]:
        """The parts with weights of a checkpoint saved as `class_name`."""
        return self.parts

    def prepare(self) -> None:
        """What a family does to the pipeline once it is loaded; others on the same parts go to `siblings`."""
        return

    # Being an engine

    def render(
        self, spec: ClipSpec, given: Given, on_step: OnStep, on_frames: OnFrames | None = None
    ) -> Frames:
        """See `Engine.render`.  Raises OutOfMemory, RenderFailed, BadRequest, and whatever `on_step` raises."""
        if spec.frames == 1 < self.card.still_frames:
            count = self.card.still_frames
            guide = None if given.guide is None else np.repeat(given.guide, count, axis=0)
            clip = self.render(replace(spec, frames=count), replace(given, guide=guide), on_step)
            return clip[:1]
        self._on_frames = on_frames
        self._make_room(spec)
        shape = (spec.width, spec.height, spec.frames)
        return self._gently(lambda: self._guarded(spec, given, on_step), shape)

    def _guarded(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        self.check(spec, given)
        if self.card.large is not None:
            self._reschedule(spec.width, spec.height)
        try:
            wanted = dict.fromkeys([*self.card.always, *spec.loras, *of_moves(self.card, given)])
            with self.loras.active(self.pipeline, list(wanted)), self.pace(spec):
                frames = self.make(spec, given, on_step)
        except (ShotwrightError, torch.OutOfMemoryError):
            raise
        except (RuntimeError, ValueError) as error:
            raise RenderFailed(
                f"{self.card.name} failed: {error}",
                fix="try another seed or model",
                retryable=False,
            ) from error
        if frames.shape != (spec.frames, spec.height, spec.width, 3):
            raise RenderFailed(
                f"{self.card.name} answered {frames.shape}, asked was {spec.frames} frames "
                f"of {spec.width}x{spec.height}; its card does not match its weights.",
                fix="mend the card's frame rule or sizes",
                retryable=False,
            )
        return frames

    @abstractmethod
    def make(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """The clip, by one or several calls of the pipeline."""

    def reconstruct(self, picture: Picture) -> Picture:
        """See `Engine.reconstruct`.  Raises: OutOfMemory."""
        return self._gently(lambda: self._through_codec(picture))

    @torch.no_grad()
    def _through_codec(self, picture: Picture) -> Picture:
        vae = self.pipeline.vae
        pixels = self.pixels(picture[None], vae.dtype)  # (1, 3, 1, height, width)
        still = pixels[:, :, 0] if type(vae).__name__ == "AutoencoderKL" else pixels
        # some codecs decode by a moment of the denoising too
        moment = [torch.tensor([float(self.card.pipeline.get("decode_timestep", 0.0))]).to(pixels)]
        more = moment if vae.config.get("timestep_conditioning") else []
        latents = vae.encode(still).latent_dist.mode()
        shown = vae.decode(latents, *more, return_dict=False)[0]
        self.pipeline.maybe_free_model_hooks()
        back = (shown.float().clamp(-1, 1) + 1) * 127.5
        back = back.reshape(3, *picture.shape[:2]).round().byte().permute(1, 2, 0)
        return np.asarray(back.cpu().numpy())

    def told(self) -> dict[str, Any]:
        """What a take's record says of how it was made: plan, attention, caches, what ran out of memory."""
        fewer = {"fp8": "8-bit weights", "gguf": "weights of a GGUF file"}.get(self.plan.precision)
        less = f"{fewer}: near the exact level, not of it" if fewer else ""
        notes = [note for note in (*self.notes, self._fitted, less) if note]
        pace = {**self.speed.told(), "calls": self.passes.told()}
        return {"memory": self.plan.told(), "speed": pace, "notes": notes}

    @property
    def bytes_held(self) -> int:
        """On the device and in the machine's memory together."""
        parts = {} if self.pipeline is None else self.pipeline.components
        modules = [part for part in parts.values() if isinstance(part, torch.nn.Module)]
        tensors = (t for module in modules for t in (*module.parameters(), *module.buffers()))
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def close(self) -> None:
        """Give the device back."""
        for name in self._pipelines():
            setattr(self, name, None)
        self.siblings, self.speed.networks = [], []
        gc.collect()
        if self.device != "cpu":
            torch.cuda.empty_cache()

    def pace(self, spec: ClipSpec) -> Any:
        """The level of one rendering, as a context."""
        self.passes.begin()
        return self.speed.at(spec.level, spec.steps, guidance_stops=self.guidance_stops)

    # What a family's `make` is made of

    def check(self, spec: ClipSpec, given: Given) -> None:
        """Raises BadRequest for what the checkpoint cannot be given, and would leave out without a word."""
        asked = {
            "stills": bool(given.stills),
            "prefix": given.prefix is not None,
            "guide": given.guide is not None,
            "holes": given.holes is not None,
            "camera": bool(given.path or given.moves),
            "refine": spec.refine > 0,
        }
        for name, there in asked.items():
            if there and name not in self.abilities():
                raise BadRequest(
                    f"{self.card.name} cannot be given {_NAMES[name][0]}; it takes "
                    f"{', '.join(_NAMES[n][0] for n in sorted(self.abilities())) or 'words alone'}.",
                    code="unsupported_mode",
                    field=_NAMES[name][1],
                    value=name,
                    allowed=sorted(self.abilities()),
                    fix=f"leave {_NAMES[name][1]} out, or choose another model (list_models)",
                )
        unknown = [name for name in spec.loras if name not in self.card.loras]
        if unknown:
            raise BadRequest(
                f"{self.card.name} has no LoRA {unknown[0]}; it has {', '.join(self.card.loras)}.",
                field="loras",
                value=unknown[0],
                allowed=list(self.card.loras),
                fix="mend the card or loras.toml",
            )

    def abilities(self) -> frozenset[str]:
        """What can be given to this checkpoint."""
        return self.takes

    def call(
        self,
        pipeline: Any,
        spec: ClipSpec,
        on_step: OnStep,
        *,
        steps: int | None = None,
        after: AfterStep | None = None,
        **arguments: Any,
    ) -> Any:
        """One call of a pipeline with the spec's settings, its progress told; `steps`: that it will take.

        Arguments that the call does not take, the card's own among them, are an error and not left out.
        """
        settings: dict[str, Any] = {
            "width": spec.width,
            "height": spec.height,
            "num_inference_steps": spec.steps,
            "guidance_scale": spec.guidance,
            "generator": torch.Generator("cpu").manual_seed(spec.seed),
            "max_sequence_length": self.card.max_tokens,
            "callback_on_step_end": self._step_end(on_step, after, spec),
            **({self.frames_argument: spec.frames} if self.frames_argument else {}),
            **self.words(pipeline, spec),
            **self.card.pipeline,
            **arguments,
        }
        known = inspect.signature(type(pipeline).__call__).parameters
        if ignored := sorted(settings.keys() - known.keys()):
            raise RenderFailed(
                f"{type(pipeline).__name__} takes no {ignored[0]}, which {self.card.name} gives it.",
                fix="mend the card's [pipeline]",
                retryable=False,
            )
        on_step("denoising", 0, steps or spec.steps)
        try:
            with self.passes.of(pipeline):
                return pipeline(**settings)
        finally:
            pipeline.maybe_free_model_hooks()

    def film(
        self,
        pipeline: Any,
        spec: ClipSpec,
        on_step: OnStep,
        *,
        final: bool = True,
        **arguments: Any,
    ) -> Frames:
        """The clip of one call, see `call`; decoded piece by piece where its codec can.

        final: whether this is the clip that was asked for, and not one that is worked on.
        """
        pieces: list[Frames] = []

        def take(piece: Frames) -> None:
            if final and self._on_frames is not None:
                self._on_frames(sum(map(len, pieces)), piece)
            pieces.append(piece)

        with in_pieces(pipeline.vae, take):
            output = self.call(pipeline, spec, on_step, output_type="np", **arguments)
        return np.concatenate(pieces) if pieces else to_frames(output.frames[0])

    @property
    def reads_apart(self) -> bool:
        """Whether prompts are read by an encoder that does not stay."""
        return self.plan.text != "kept" and bool(self.embeddings)

    def words(self, pipeline: Any, spec: ClipSpec) -> dict[str, Any]:
        """The prompts as text, or as embeddings where the encoder is not kept."""
        if not self.reads_apart:
            return {"prompt": spec.prompt, "negative_prompt": spec.negative_prompt}
        told = self.prompts.of(
            pipeline,
            spec.prompt,
            spec.negative_prompt,
            device=self.device,
            **self._reading(pipeline),
        )
        return {"prompt": None, **told}

    def read_ahead(self, specs: Sequence[ClipSpec]) -> None:
        """See `Engine.read_ahead`.  Raises as `render`."""
        pairs = [(spec.prompt, spec.negative_prompt) for spec in specs]

        def read() -> None:
            if self.reads_apart:
                self.prompts.ahead(self.pipeline, pairs, **self._reading(self.pipeline))

        if self.pipeline is not None:  # else the rendering looks first how all is to be loaded
            self._gently(read)

    def _reading(self, pipeline: Any) -> dict[str, Any]:
        """How prompts are read; for guidance in any case: a refining pass without it asks for the same words."""
        wanted = {"do_classifier_free_guidance": True, "max_sequence_length": self.card.max_tokens}
        known = inspect.signature(type(pipeline).encode_prompt).parameters
        settings = {name: value for name, value in wanted.items() if name in known}
        return {"reader": "cpu" if self.plan.text == "cpu" else self.device, **settings}

    def _step_end(self, on_step: OnStep, after: AfterStep | None, spec: ClipSpec) -> Any:
        def step_end(pipe: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            on_step("denoising", step + 1, pipe.num_timesteps)
            if step + 1 == pipe.num_timesteps:
                on_step("decoding", 0, 1)
            self.speed.after_step(pipe, step)
            if after is not None:
                values["latents"] = after(pipe, step, values["latents"])
            return values

        return step_end

    def pixels(self, clip: Frames, dtype: torch.dtype) -> Tensor:
        """(1, 3, frames, height, width) in -1 to 1 of uint8 frames, on the device."""
        whole = torch.from_numpy(np.ascontiguousarray(clip)).permute(3, 0, 1, 2)[None]
        return whole.to(self.device, dtype) / 127.5 - 1

    # Memory

    def _make_room(self, spec: ClipSpec) -> None:
        """For a clip larger than the one that the plan was made for: guided passes in turn, or all to be loaded again
        in a gentler way; as usual for the next that has room in that, so that no clip differs by what ran before it.
        """
        clip = (spec.width, spec.height, spec.frames)
        roomy, usual = self._fits(self.plan, clip), self._fits(self._usual, clip)
        if self.pipeline is not None and roomy and (self.plan is self._usual or not usual):
            self.passes.together = self.plan.batched and self._fits(self.plan, clip, batched=True)
            return
        self._fitted = self._refit("fitted anew for {}x{}x{}".format(*clip), clip)
        if usual:
            self._usual, self._fitted = self.plan, ""

    def _fits(
        self, plan: memory.Plan, clip: tuple[int, int, int], *, batched: bool = False
    ) -> bool:
        width, height, frames = clip
        asked = replace(plan, batched=batched)
        return memory.fits(self.card, asked, width=width, height=height, frames=frames)

    def _gently(self, work: Callable[[], Made], clip: tuple[int, int, int] | None = None) -> Made:
        """What `work` answers once all is loaded; where the device runs out of memory over either, once more in the
        next gentler way.

        clip: width, height and frames that it is for, the card's default where nothing is said.
        Raises: OutOfMemory where that runs out too, or where there is none.
        """
        try:
            return self._tried(work, clip)
        except OutOfMemory as error:
            self._step_down(error, clip)
        return self._tried(work, clip)

    def _tried(self, work: Callable[[], Made], clip: tuple[int, int, int] | None) -> Made:
        """Raises: OutOfMemory, the device given back."""
        try:
            if self.pipeline is None:
                self._open()
            return work()
        except torch.OutOfMemoryError as error:
            reason = str(error)
        # only now nothing holds on to the very tensors that did not fit
        self.close()
        at = "" if clip is None else " at {}x{}x{}".format(*clip)
        smaller = "" if clip is None else "fewer frames, a smaller size, a lower quality or "
        raise OutOfMemory(
            f"{self.card.name}{at} does not fit the device: {reason}",
            field="model",
            value=self.card.name,
            fix=f"ask for {smaller}a smaller model (shotwright models --fit), or free the device",
        )

    def _step_down(self, error: OutOfMemory, clip: tuple[int, int, int] | None) -> None:
        """Choose the next gentler way, and remember this one.  Raises `error` where there is none."""
        failed = (self.plan.precision, self.plan.offload, self.plan.tiling)
        if failed not in memory.ORDER[:-1]:
            raise error
        memory.remember(self.models, self.card, self.device, self.plan)
        why = f"out of memory in {failed[0]} {failed[1]}"
        self.notes.append(self._refit(why, clip, below=failed))
        self._usual = self.plan

    def _refit(
        self,
        why: str,
        clip: tuple[int, int, int] | None,
        *,
        below: tuple[str, str, bool] | None = None,
    ) -> str:
        """Choose anew how all is loaded; that in words.

        Raises: OutOfMemory where no way fits; the next rendering then looks again.
        """
        self.close()
        self.plan = memory.plan_for(self.card, self.device, self.models, below=below, clip=clip)
        LOG.warning("%s: %s: %s", self.card.name, why, self.plan.why)
        return f"{why}: {self.plan.why}"


_NAMES = {
    "stills": ("pictures", "image"),
    "prefix": ("frames to continue", "video"),
    "guide": ("a clip to start from", "video"),
    "holes": ("a clip with holes", "video"),
    "camera": ("a camera path", "camera"),
    "refine": ("refining passes", "quality"),
}


def to_frames(output: NDArray[np.float32]) -> Frames:
    """uint8 frames of a pipeline's pixels in 0 to 1.  Raises: RenderFailed where they are no numbers."""
    if not np.isfinite(output).all():
        raise no_numbers()
    return np.asarray(np.round(np.clip(output, 0, 1) * 255).astype(np.uint8))
