"""Train the embedded model: codec, text, then transformer and text table together.  Resumes at any moment.

    python -m shotwright.generator.mini.train --out build/mini --minutes 60
    torchrun --nproc-per-node 2 -m shotwright.generator.mini.train --out build/mini --minutes 60
    python -m shotwright.generator.mini.train --out build/mini --minutes 13 --device cuda --pause-after 8

`--minutes` is the transformer's budget, over all resumptions; the learning rate is scheduled on it.  A codec that is
trained takes the minutes of its recipe before.  `--pause-after` ends one piece of either earlier.  Every clip is drawn
when it is needed, nothing is stored but `state.pt`.  The finished model, the moving average of the weights, is written
to `OUT/model` as a folder that `WanPipeline.from_pretrained` loads.
Recipe and measurements: the model card in `generator/mini/weights`.
"""

import argparse
import copy
import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from torch import Tensor, nn
from transformers import UMT5EncoderModel

from shotwright.generator.errors import BadRequest
from shotwright.generator.mini import codec, conv_codec, text
from shotwright.generator.mini.console import say
from shotwright.generator.mini.data import TOKEN_ID, Clips, Draw, Pool, encoder
from shotwright.generator.mini.network import Network, assemble, flow_loss, save_whole
from shotwright.generator.mini.recipe import RECIPES, Bucket, Recipe
from shotwright.generator.mini.world import sample_scene
from shotwright.generator.mini.world.scene import FACTORS, choices

DECAY_SHARE = 0.38
"""The last share of the run in which the learning rate falls to zero."""
WARMUP_STEPS = 150
DROP_CAPTION, DROP_WORD = 0.10, 0.05
SIGMA_SPREAD = 1.2
GUIDE_WEIGHT = 0.25
"""Of the tokens' world coordinates in the loss at the start; it falls to zero with the run."""
GIVEN = (("first", 0.08), ("both", 0.04), ("last", 0.03), ("prefix", 0.05))
"""How often frames are given clean where a bucket does not say so itself: the clamp needs no learning, only the motion
after it does, and each such clip teaches less of the words."""
REPORT_STEPS, SAVE_STEPS = 250, 50


def sample_given(batch: int, bucket: Bucket, rng: np.random.Generator, temporal: int = 1) -> Tensor:
    """Which latent frames are generated (1) and which are given clean (0): (batch, 1, latent frames, 1, 1)."""
    frames = (len(bucket.moments) - 1) // temporal + 1
    prefix = 4 // temporal + 1  # five frames
    free = torch.ones(batch, 1, frames, 1, 1)
    if frames == 1:
        return free
    edges = np.cumsum([share for _, share in GIVEN])
    for row, dice in zip(free, rng.random(batch), strict=True):
        which = int(np.searchsorted(edges, dice))
        kind = GIVEN[which][0] if which < len(GIVEN) else ""
        if bucket.shown == "prefix":
            kind = "prefix"
        elif bucket.shown == "spread" and kind == "prefix":
            kind = "first"  # the first five are not among those shown
        elif bucket.shown == "tail":
            kind = "last" if dice < 0.3 else "both"
        elif temporal > 1 and kind in ("last", "both"):
            kind = "first"  # a last frame is given to clips that end in a still
        if kind in ("first", "both"):
            row[:, 0] = 0
        if kind in ("last", "both"):
            row[:, -1] = 0
        if kind == "prefix":
            row[:, : min(prefix, frames - 1)] = 0
    return free


def optimizers(network: Network, rate: float) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the matrices inside the blocks, AdamW for everything else.

    At equal time on one core (5 minutes) Muon's held-out loss was 1.04, AdamW's alone 1.08.
    """
    inner = [p for p in network.transformer.blocks.parameters() if p.ndim == 2]
    chosen = {id(p) for p in inner}
    others = [p for p in network.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(inner, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW(
        [
            {"params": [p for p in others if p.ndim > 1], "weight_decay": 0.01},
            {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=rate,
        betas=(0.9, 0.98),
    )
    return muon, adamw


def _weights(network: Network, half: bool) -> dict[str, Tensor]:
    state: dict[str, Tensor] = network.state_dict()
    return {name: t.half() for name, t in state.items()} if half else state


class Trainer:
    """One process of a run."""

    def __init__(
        self, out: Path, minutes: float, recipe: Recipe, device: torch.device, start: Path | None
    ) -> None:
        self.out, self.minutes, self.recipe, self.device = out, minutes, recipe, device
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.processes = dist.get_world_size() if dist.is_initialized() else 1
        torch.manual_seed(0)
        self.vae = self._codec(start)
        self.encode = encoder(self.vae, device)
        torch.manual_seed(0)  # again: the process that made the codec has drawn from it
        self.network = Network(recipe, self.vae.config.z_dim)
        if start and not self.state_file.exists():
            self._start_from(start)
        self.average = copy.deepcopy(self.network).requires_grad_(False).to(device)
        self.network.to(device)
        self.optimizers = optimizers(self.network, recipe.learning_rate)
        self.step, self.seconds, self.clips = 0, 0.0, 0
        self._resume()
        self.warm_from = self.step if recipe.lean else 0
        self.rng = np.random.default_rng([self.step, self.rank])
        torch.manual_seed(1000 * self.step + self.rank)
        self.pools: dict[Bucket, Pool] = {}

    @property
    def state_file(self) -> Path:
        return self.out / "state.pt"

    def _codec(self, start: Path | None) -> AutoencoderKLWan:
        folder = self.out / "vae"
        if self.rank == 0 and not folder.exists():
            if start:
                save_whole(AutoencoderKLWan.from_pretrained(start / "vae").float(), folder)
            else:
                make_codec(self.out, self.recipe, self.device, self.say)
        if self.processes > 1:
            dist.barrier()
        return AutoencoderKLWan.from_pretrained(folder).eval()

    def _start_from(self, folder: Path) -> None:
        """Take the weights of a finished model, for a run that goes on from it."""
        transformer = WanTransformer3DModel.from_pretrained(folder / "transformer")
        encoder = UMT5EncoderModel.from_pretrained(folder / "text_encoder")
        self.network.transformer.load_state_dict(transformer.float().state_dict(), strict=False)
        self.network.text.load_state_dict(encoder.float().state_dict())

    def _resume(self) -> None:
        if not self.state_file.exists():
            return
        try:
            state = torch.load(self.state_file, weights_only=True, map_location=self.device)
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            if not self.recipe.lean:
                for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                    optimizer.load_state_dict(saved)
            self.step, self.seconds, self.clips = state["step"], state["seconds"], state["clips"]
        except Exception as error:  # unpickling a file of anything raises what it likes
            raise BadRequest(
                f"{self.state_file} is damaged, or of another recipe, and cannot be gone on from "
                f"({type(error).__name__}).",
                field="out",
                value=str(self.state_file),
                allowed="the state of a run with this recipe, or a folder without one",
                fix="name another --out, the recipe that it was begun with, or remove the file to begin anew",
            ) from error
        self.say(f"resumed at step {self.step}, {self.seconds / 60:.1f} min")

    def save(self) -> None:
        """Write the state beside itself and swap it in, so that a kill at any moment leaves a whole file."""
        if self.rank != 0:
            return
        lean = self.recipe.lean
        state = {
            "network": _weights(self.network, lean),
            "average": _weights(self.average, lean),
            "optimizers": [] if lean else [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
            "clips": self.clips,
        }
        fresh = self.state_file.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self.state_file)

    def say(self, message: str) -> None:
        if self.rank == 0:
            say(message)

    def progress(self) -> float:
        """Share of the run done; the same in every process."""
        share = torch.tensor([self.seconds / 60 / self.minutes])
        if self.processes > 1:
            dist.broadcast(share, 0)
        return min(1.0, float(share))

    def bucket(self, share: float) -> Bucket:
        """Chosen by step number, so that all processes take the same shape."""
        buckets = self.recipe.buckets(share)
        weights = np.array([b.weight for b in buckets])
        dice = np.random.default_rng(self.step)
        return buckets[int(dice.choice(len(buckets), p=weights / weights.sum()))]

    def run(self, pause_after: float = math.inf) -> None:
        """Train until the budget is spent or this piece of it (minutes), validating and saving on the way; write the
        model of what is there."""
        losses: list[float] = []
        since, begun = time.monotonic(), self.seconds
        while (share := self.progress()) < 1 and self._goes_on(begun, pause_after):
            rate = min(1.0, (self.step - self.warm_from + 1) / WARMUP_STEPS)
            rate *= max(0.02, min(1.0, (1 - share) / DECAY_SHARE))
            for optimizer in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = self.recipe.learning_rate * rate
            losses.append(self._train_step(self.bucket(share), share))
            now = time.monotonic()
            self.seconds, since = self.seconds + now - since, now
            if self.step % REPORT_STEPS == 0 and self.rank == 0:
                self._report(float(np.mean(losses[-REPORT_STEPS:])))
            if self.step % SAVE_STEPS == 0:
                self.save()
            since = time.monotonic()
        self.save()
        if self.rank == 0:
            assemble(self.average, self.vae, self.out / "model")
        self.say(f"{'done' if share >= 1 else 'paused'}: {self.out / 'model'}")

    def _report(self, loss: float) -> None:
        """Print where the run stands, and add it to `curve.jsonl`."""
        held_out, rises = self.validate()
        left = self.minutes - self.seconds / 60
        self.say(
            f"step {self.step} min {self.seconds / 60:.1f} left {left:.1f} "
            f"clips {self.clips / 1000:.1f}k loss {loss:.4f} val {held_out:.4f} rise % "
            + " ".join(f"{factor} {rise:.1f}" for factor, rise in rises.items())
        )
        line = {
            "step": self.step,
            "minutes": round(self.seconds / 60, 1),
            "clips": self.clips,
            "loss": round(loss, 4),
            "held_out": round(held_out, 4),
            "rise_percent": {factor: round(rise, 1) for factor, rise in rises.items()},
        }
        with (self.out / "curve.jsonl").open("a", encoding="utf-8") as curve:
            curve.write(json.dumps(line) + "\n")

    def _goes_on(self, begun: float, pause_after: float) -> bool:
        """Whether this piece has time left; the same in every process."""
        if math.isinf(pause_after):
            return True
        left = torch.tensor([pause_after * 60 - (self.seconds - begun)])
        if self.processes > 1:
            dist.broadcast(left, 0)
        return float(left) > 0

    def _train_step(self, bucket: Bucket, share: float) -> float:
        if bucket not in self.pools:
            draw = Draw(bucket, self.encode, self.device, self.recipe.temporal)
            r = self.recipe
            self.pools[bucket] = Pool(draw, self.rng, r.pool, r.fresh, r.cameras)
        clips = self.pools[bucket].take(self.recipe.batch(bucket))
        batch = len(clips)
        dropped = torch.from_numpy(self.rng.random(clips.ids.shape) < DROP_WORD)
        dropped |= torch.from_numpy(self.rng.random((batch, 1)) < DROP_CAPTION)
        ids = clips.ids.masked_fill(dropped.to(self.device), 0)
        free = sample_given(batch, bucket, self.rng, self.recipe.temporal).to(self.device)
        noise = torch.randn(batch, device=self.device) * SIGMA_SPREAD
        sigma = torch.sigmoid(noise + self.recipe.sigma_mean)
        self._show(self.network, bucket)
        latents, cells = clips.latents.float(), clips.share.float()
        flow = flow_loss(
            self.network, latents, cells, ids, free, sigma, self.recipe.subject_weight
        ).mean()
        guide = ((self.network.looks() - clips.where.float()) ** 2).mean((0, 1)).sum()
        self.network.zero_grad()
        loss = flow + GUIDE_WEIGHT * (1 - share) * guide
        loss.backward()  # type: ignore[no-untyped-call]
        self._share_gradients()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if torch.isfinite(norm):  # the same in every process: gradients are shared
            for optimizer in self.optimizers:
                optimizer.step()
        self.step += 1
        self.clips += batch * self.processes
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.network.parameters()), 1 - decay
            )
        return flow.item()

    def _show(self, network: Network, bucket: Bucket) -> None:
        """Tell the network which latent frames the bucket shows: all where time is compressed."""
        if self.recipe.temporal > 1:
            frames = (bucket.frames - 1) // self.recipe.temporal + 1
            network.show(frames, tuple(range(frames)))
        else:
            network.show(bucket.frames, bucket.moments)

    def _share_gradients(self) -> None:
        if self.processes == 1:
            return
        parameters = [p for p in self.network.parameters() if p.grad is not None]
        flat = torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])
        dist.all_reduce(flat)
        flat /= self.processes
        offset = 0
        for p in parameters:
            assert p.grad is not None
            p.grad.copy_(flat[offset : offset + p.numel()].view_as(p))
            offset += p.numel()

    @torch.no_grad()
    def validate(self) -> tuple[float, dict[str, float]]:
        """Held-out loss of the average, and by how much (per cent) one wrong word a factor raises it: 0 is not
        obeyed."""
        held_out = self._held_out()
        base = self._held_out_loss(held_out)
        rng = np.random.default_rng(0)
        rises = {}
        for column, factor in enumerate(FACTORS):
            group = [TOKEN_ID.get(value, 0) for value in choices(factor)]
            wrong = held_out.ids.clone()
            for row in range(len(wrong)):
                others = [i for i in group if i != int(wrong[row, column])]
                wrong[row, column] = int(rng.choice(others))
            rise = self._held_out_loss(replace(held_out, ids=wrong)) / base - 1
            rises[factor] = 100 * rise
        return base, rises

    def _held_out(self) -> Clips:
        """Clips of the first bucket, of a seed that no training process has."""
        if not hasattr(self, "held_out"):
            rng = np.random.default_rng(424242)
            scenes = [sample_scene(rng) for _ in range(self.recipe.validation_clips)]
            bucket = self.recipe.phases[0][1][0]
            draw = Draw(bucket, self.encode, self.device, self.recipe.temporal)
            self.held_out = draw(scenes)
        return self.held_out

    def _held_out_loss(self, clips: Clips) -> float:
        self._show(self.average, self.recipe.phases[0][1][0])
        latents, share = clips.latents.float(), clips.share.float()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            sigma = torch.linspace(0.5, 0.98, len(latents), device=self.device)
            free = torch.ones(len(latents), 1, latents.shape[2], 1, 1, device=self.device)
            total = 0.0
            for k in range(0, len(latents), 24):
                part = slice(k, k + 24)
                loss = flow_loss(
                    self.average,
                    latents[part],
                    share[part],
                    clips.ids[part],
                    free[part],
                    sigma[part],
                )
                total += float(loss.sum())
        return total / len(latents)


def make_codec(
    out: Path,
    recipe: Recipe,
    device: torch.device,
    say: Callable[[str], None],
    pause_after: float = math.inf,
) -> bool:
    """Stage `vae`: fit or train the codec and write it to `out/vae`; whether it is finished."""
    if recipe.codec == "conv":
        return conv_codec.train(out, recipe, device, say, pause_after)
    save_whole(codec.build(codec.fit(clips=recipe.codec_clips)), out / "vae")
    return True


def make_text(out: Path) -> None:
    """Stage `text`: write the tokenizer, made of the lexicon, to `out/tokenizer`.  The encoder is a table of values; it
    is learned with the transformer, from captions of one token a value, and needs no language beside the tokenizer's.
    """
    save_whole(text.build_tokenizer(), out / "tokenizer")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Train the embedded model.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the state and the model")
    parser.add_argument("--minutes", type=float, help="budget of the transformer's whole run")
    parser.add_argument("--pause-after", type=float, default=math.inf, help="minutes of this piece")
    parser.add_argument("--stage", choices=("vae", "text", "transformer", "all"), default="all")
    parser.add_argument("--recipe", choices=tuple(RECIPES), help="default: that of the device")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1")
    parser.add_argument("--start", type=Path, help="a finished model's folder to go on from")
    chosen = parser.parse_args(arguments)
    if chosen.stage in ("transformer", "all") and not (chosen.minutes and chosen.minutes > 0):
        parser.error(
            "--minutes is missing or not above 0: how long the transformer is trained, in all"
        )
    if not chosen.pause_after > 0:
        parser.error("--pause-after is not above 0: the minutes of this piece")
    if chosen.out.exists() and not chosen.out.is_dir():
        parser.error(f"--out {chosen.out} is a file: name a folder")
    if chosen.start and not (chosen.start / "transformer" / "config.json").is_file():
        parser.error(f"--start {chosen.start} holds no finished model: no transformer/config.json")
    try:
        device = torch.device(chosen.device)
    except RuntimeError:
        parser.error(f"--device {chosen.device!r} is none: cpu, cuda, or cuda with a number")
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch sees no GPU here; leave it out to train on the CPU")
    try:
        return _train(chosen, device)
    except BadRequest as error:
        parser.exit(1, f"{error.message} {error.fix}\n")


def _train(chosen: argparse.Namespace, device: torch.device) -> int:
    """What `main` was asked for."""
    torch.set_num_threads(1)  # processes scale better than threads here: see the model card
    chosen.out.mkdir(parents=True, exist_ok=True)
    recipe = RECIPES[chosen.recipe or ("cpu" if device.type == "cpu" else "gpu")]
    if chosen.stage == "vae":
        make_codec(chosen.out, recipe, device, say, chosen.pause_after)
        return 0
    if chosen.stage == "text":
        make_text(chosen.out)
        return 0
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        if device.type == "cuda":
            device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(device)
        dist.init_process_group("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl")
    began = time.monotonic()
    first = not dist.is_initialized() or dist.get_rank() == 0
    if first:
        make_text(chosen.out)
    codec_there = (chosen.out / "vae").exists() or chosen.start
    if first and not codec_there:
        finished = make_codec(chosen.out, recipe, device, say, chosen.pause_after)
        if not finished and not dist.is_initialized():
            say("paused: the codec is not finished")
            return 0
    trainer = Trainer(chosen.out, chosen.minutes, recipe, device, chosen.start)
    trainer.run(chosen.pause_after - (time.monotonic() - began) / 60)
    if dist.is_initialized():
        dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
