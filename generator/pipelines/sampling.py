"""What the adapters of all families share: a loaded checkpoint, its call, progress, memory, LoRAs and errors.

A family says which pipeline it calls with which arguments; what none of its arguments can take is refused here.
"""

import gc
import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

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
from shotwright.generator.pipelines import OnStep
from shotwright.generator.pipelines.checkpoint import refuse
from shotwright.generator.pipelines.embeddings import Embeddings
from shotwright.generator.pipelines.loading import class_of, load, locate, locate_lora

LOG = logging.getLogger(__name__)

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
        self.plan = plan or memory.plan_for(card, device, models)
        self.folder = locate(card, models)
        self.notes: list[str] = []
        self.pipeline: Any = None
        self._open()

    def _open(self) -> None:
        # the pipelines warn of roundings and cuts; all of that is checked and refused before they are called
        diffusers_logging.set_verbosity_error()
        name = class_of(self.card, self.folder)
        if name not in self.classes:
            raise refuse(
                self.card.name,
                f"model_index.json names {name}, and the family {self.card.family} has "
                f"{', '.join(self.classes)}",
            )
        without = ("text_encoder",) if self.reads_apart else ()
        self.pipeline = load(
            self.card,
            self.classes[name],
            self.parts_of(name),
            plan=self.plan,
            folder=self.folder,
            without=without,
        )
        self.prompts = Embeddings(
            self.models / "prompts",
            self.folder,
            self.embeddings,
            dtype=torch.float32 if self.plan.precision == "fp32" else torch.bfloat16,
        )
        self._reschedule()
        self._loras: dict[str, Path] = {}
        self.siblings: list[Any] = []
        self.prepare()
        memory.apply(self.pipeline, self.plan, self.device)
        for other in self.siblings:
            # hooks that move parts about are of the parts; which to free is of the pipeline
            for name in ("_all_hooks", "_offload_device", "_offload_gpu_id"):
                if hasattr(self.pipeline, name):
                    setattr(other, name, getattr(self.pipeline, name))
        self.speed = speed.prepare(self.pipeline, self.device, self.plan, self.models / "compiled")

    def _reschedule(self) -> None:
        """Set what the card says of the scheduler.  Raises: RenderFailed for a value that it does not have."""
        own = self.pipeline.scheduler
        if unknown := sorted(self.card.scheduler.keys() - own.config.keys()):
            raise RenderFailed(
                f"{type(own).__name__} has no {unknown[0]}, which {self.card.name} sets.",
                fix="mend the card's [scheduler]",
                retryable=False,
            )
        if self.card.scheduler:
            changed = type(own).from_config(own.config, **self.card.scheduler)
            self.pipeline.register_modules(scheduler=changed)

    def parts_of(self, class_name: str) -> Mapping[str, str]:
        """The parts with weights of a checkpoint saved as `class_name`."""
        return self.parts

    def prepare(self) -> None:
        """What a family does to the pipeline once it is loaded; others on the same parts go to `siblings`."""
        return

    # Being an engine

    def render(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """See `Engine.render`.  Raises OutOfMemory, RenderFailed, BadRequest, and whatever `on_step` raises."""
        self.check(spec, given)
        try:
            return self._guarded(spec, given, on_step)
        except OutOfMemory as error:
            failure = error
        # its traceback holds on to the very tensors that did not fit
        failure.__cause__ = failure.__context__ = None
        self._step_down(failure.with_traceback(None))
        return self._guarded(spec, given, on_step)

    def _guarded(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        try:
            with self._with_loras(spec, given), self.pace(spec):
                frames = self.make(spec, given, on_step)
        except ShotwrightError:
            raise
        except torch.OutOfMemoryError as error:
            raise OutOfMemory(
                f"{spec.width}x{spec.height}x{spec.frames} does not fit the device: {error}",
                fix="ask for fewer frames, a smaller size or a lower quality",
            ) from error
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

    @torch.no_grad()
    def reconstruct(self, picture: Picture) -> Picture:
        """See `Engine.reconstruct`."""
        vae = self.pipeline.vae
        pixels = self.pixels(picture[None], vae.dtype)  # (1, 3, 1, height, width)
        still = pixels[:, :, 0] if type(vae).__name__ == "AutoencoderKL" else pixels
        # some codecs decode by a moment of the denoising too
        moment = [torch.tensor([float(self.card.pipeline.get("decode_timestep", 0.0))]).to(pixels)]
        more = moment if vae.config.get("timestep_conditioning") else []
        latents = vae.encode(still).latent_dist.mode()
        shown = vae.decode(latents, *more, return_dict=False)[0]
        back = (shown.float().clamp(-1, 1) + 1) * 127.5
        back = back.reshape(3, *picture.shape[:2]).round().byte().permute(1, 2, 0)
        return np.asarray(back.cpu().numpy())

    def told(self) -> dict[str, Any]:
        """What a take's record says of how it was made: plan, attention, caches, what ran out of memory."""
        eight = ["8-bit weights: near the exact level, not of it"]
        notes = [*self.notes, *(eight if self.plan.precision == "fp8" else [])]
        return {"memory": self.plan.told(), "speed": self.speed.told(), "notes": notes}

    @property
    def bytes_held(self) -> int:
        """On the device and in the machine's memory together."""
        parts = {} if self.pipeline is None else self.pipeline.components
        modules = [part for part in parts.values() if isinstance(part, torch.nn.Module)]
        tensors = (t for module in modules for t in (*module.parameters(), *module.buffers()))
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def close(self) -> None:
        """Give the device back."""
        for name in [n for n, held in vars(self).items() if isinstance(held, DiffusionPipeline)]:
            setattr(self, name, None)
        self.siblings, self.speed.networks = [], []
        gc.collect()
        if self.device != "cpu":
            torch.cuda.empty_cache()

    def pace(self, spec: ClipSpec) -> Any:
        """The level of one rendering, as a context."""
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
            return pipeline(**settings)
        finally:
            pipeline.maybe_free_model_hooks()

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
        """See `Engine.read_ahead`."""
        if self.reads_apart:
            pairs = [(spec.prompt, spec.negative_prompt) for spec in specs]
            self.prompts.ahead(self.pipeline, pairs, **self._reading(self.pipeline))

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

    # LoRAs

    @contextmanager
    def _with_loras(self, spec: ClipSpec, given: Given) -> Iterator[None]:
        """The LoRAs of preset, user and camera move active, and nothing of them left after."""
        wanted = [*self.card.always, *spec.loras, *self.move_loras(given)]
        if not wanted:
            yield
            return
        for name in wanted:
            if name not in self._loras:
                self._loras[name] = self._load_lora(name)
        weights = [self.card.loras[name].weight for name in wanted]
        self.pipeline.enable_lora()
        self.pipeline.set_adapters(wanted, weights)
        try:
            yield
        finally:
            self.pipeline.disable_lora()

    def _load_lora(self, name: str) -> Path:
        """Raises: RenderFailed where it is for another base: peft's own error lists tensors and no cure."""
        path, lora = locate_lora(self.card, name, self.models), self.card.loras[name]
        try:
            for part in lora.parts:
                into = {"load_into_transformer_2": True} if part == "transformer_2" else {}
                self.pipeline.load_lora_weights(
                    path.parent, weight_name=path.name, adapter_name=name, **into
                )
            loaded = self.pipeline.get_list_adapters().values()
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            raise self._foreign(name, error) from error
        if not any(name in adapters for adapters in loaded):
            raise self._foreign(name, ValueError("none of its tensors is the network's"))
        return path

    def _foreign(self, name: str, error: Exception) -> ShotwrightError:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        return refuse(
            f"LoRA {name}",
            f"it does not fit {self.card.name} ({reason})",
            "take a LoRA that was made for this base",
        )

    def move_loras(self, given: Given) -> list[str]:
        """The LoRAs that make the asked camera moves.  Raises: BadRequest for a move that none makes."""
        if not given.moves or self.card.camera_native != "loras":
            return []
        by_move = {lora.move: name for name, lora in self.card.loras.items() if lora.move}
        for move in given.moves:
            whole = (move.start, move.end) == (0.0, 1.0)
            if move.move not in by_move or not whole:
                raise BadRequest(
                    f"{self.card.name} has no LoRA for {move.move}"
                    f"{'' if whole else ' over a part of the clip'}; it has {', '.join(by_move)}.",
                    code="unsupported_mode",
                    field="camera",
                    value=move.move,
                    allowed=list(by_move),
                    fix="choose one of these moves over the whole clip, or another mechanism",
                )
        return [by_move[move.move] for move in given.moves]

    # Memory

    def _step_down(self, error: OutOfMemory) -> None:
        """Load again in the next gentler way, and remember it.  Raises `error` where there is none."""
        failed = (self.plan.precision, self.plan.offload, self.plan.tiling)
        if failed not in memory.ORDER[:-1]:
            raise error
        memory.remember(self.models, self.card, self.device, self.plan)
        self.close()
        self.plan = memory.plan_for(self.card, self.device, self.models, below=failed)
        self.notes.append(f"out of memory in {' '.join(map(str, failed[:2]))}: {self.plan.why}")
        LOG.warning("%s: %s", self.card.name, self.notes[-1])
        self._open()


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
        raise RenderFailed(
            "the model's numbers ran out of range, and no picture came of it.",
            fix="try another seed; if it fails again, the weights are damaged or their precision too low",
        )
    return np.asarray(np.round(np.clip(output, 0, 1) * 255).astype(np.uint8))
