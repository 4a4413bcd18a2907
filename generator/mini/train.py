"""Train the embedded model: a codec by least squares, then transformer and text table together.  Resumes at any moment.

    python -m shotwright.generator.mini.train --out build/mini --minutes 60
    torchrun --nproc-per-node 2 -m shotwright.generator.mini.train --out build/mini --minutes 60

`--minutes` is the budget of the whole run, over all resumptions; the learning rate is scheduled on it.  Every clip is
drawn when it is needed (`Pool`), nothing is stored but `state.pt`.  The finished model, the moving average of the
weights, is written to `OUT/model` as a folder that `WanPipeline.from_pretrained` loads.
Recipe and measurements: the model card in `generator/mini/weights`.
"""

import argparse
import copy
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from diffusers import (
    AutoencoderKLWan,
    FlowMatchEulerDiscreteScheduler,
    WanPipeline,
    WanTransformer3DModel,
)
from torch import Tensor, nn

from shotwright.generator.mini import codec, text, words
from shotwright.generator.mini.world import render, sample_scene
from shotwright.generator.mini.world.scene import FACTORS

WIDTH, HEADS, LAYERS, FFN = 192, 3, 4, 576
LEARNING_RATE = 1.5e-3
DECAY_SHARE = 0.35
"""The last share of the run in which the learning rate falls to zero."""
WARMUP_STEPS = 150
TOKENS_A_STEP = 2304
"""Latent tokens in one process's batch: 16 clips of 9 x 64 x 64."""
SUBJECT_WEIGHT = 6.0
DROP_CAPTION, DROP_WORD = 0.10, 0.05
SIGMA_MEAN, SIGMA_SPREAD = 0.7, 1.2
FRESH = 0.25
"""Share of a batch that is newly drawn; the rest comes from the pool."""
POOL = 768


@dataclass(frozen=True)
class Bucket:
    """Clips of one shape, drawn with `weight`."""

    weight: float
    frames: int
    height: int
    width: int

    @property
    def tokens(self) -> int:
        return self.frames * (self.height // 16) * (self.width // 16)

    @property
    def batch(self) -> int:
        return max(2, TOKENS_A_STEP // self.tokens)


CURRICULUM: tuple[tuple[float, tuple[Bucket, ...]], ...] = (
    (0.45, (Bucket(0.92, 9, 64, 64), Bucket(0.08, 1, 64, 64))),
    (
        1.0,
        (
            Bucket(0.16, 9, 64, 64),
            Bucket(0.16, 17, 64, 64),
            Bucket(0.12, 9, 64, 112),
            Bucket(0.22, 17, 64, 112),
            Bucket(0.07, 33, 64, 112),
            Bucket(0.12, 17, 112, 64),
            Bucket(0.05, 17, 64, 80),
            Bucket(0.03, 17, 80, 64),
            Bucket(0.05, 1, 64, 112),
            Bucket(0.02, 1, 112, 64),
        ),
    ),
)
"""(until this share of the run, buckets): short square clips first, then every shape that is shipped."""

TOY: tuple[tuple[float, tuple[Bucket, ...]], ...] = ((1.0, (Bucket(1.0, 5, 64, 64),)),)


class Pool:
    """Clips of one bucket as latents, a part renewed at every draw."""

    def __init__(
        self,
        bucket: Bucket,
        encoder: tuple[np.ndarray, np.ndarray],
        rng: np.random.Generator,
        size: int,
    ) -> None:
        self.bucket, self.encoder, self.rng, self.size = bucket, encoder, rng, size
        self.clips: list[tuple[np.ndarray, np.ndarray, list[int]]] = []

    def _fresh(self) -> tuple[np.ndarray, np.ndarray, list[int]]:
        scene = sample_scene(self.rng)
        b = self.bucket
        drawn = render(scene, frames=b.frames, height=b.height, width=b.width)
        matrix, bias = self.encoder
        latents = codec.to_patches(drawn.frames) @ matrix + bias  # (frames, h, w, 16)
        rows, cols = latents.shape[1:3]
        share = drawn.subject.reshape(b.frames, rows, codec.PATCH, cols, codec.PATCH).mean((2, 4))
        ids = [TOKEN_ID[token] for token in scene.tokens]
        return latents.astype(np.float16), share.astype(np.float16), ids

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Latents (batch, 16, frames, h, w), subject share (batch, 1, frames, h, w), caption ids (batch, 6)."""
        for _ in range(max(1, round(self.bucket.batch * FRESH))):
            clip = self._fresh()
            if len(self.clips) < self.size:
                self.clips.append(clip)
            else:
                self.clips[int(self.rng.integers(self.size))] = clip
        chosen = [self.clips[i] for i in self.rng.integers(len(self.clips), size=self.bucket.batch)]
        latents = torch.from_numpy(np.stack([c[0] for c in chosen]).astype(np.float32))
        share = torch.from_numpy(np.stack([c[1] for c in chosen]).astype(np.float32))
        ids = torch.tensor([c[2] for c in chosen])
        return latents.permute(0, 4, 1, 2, 3), share[:, None], ids


TOKEN_ID = {token: i + 2 for i, token in enumerate(words.tokens())}
"""As the tokenizer numbers them; 0 is padding, 1 unknown."""


class Network(nn.Module):
    """Text table and transformer, trained together."""

    def __init__(self) -> None:
        super().__init__()
        self.text = text.build_encoder(len(TOKEN_ID) + 2)
        self.transformer = WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=HEADS,
            attention_head_dim=WIDTH // HEADS,
            in_channels=codec.CHANNELS,
            out_channels=codec.CHANNELS,
            text_dim=text.WIDTH,
            freq_dim=128,
            ffn_dim=FFN,
            num_layers=LAYERS,
            cross_attn_norm=True,
            rope_max_seq_len=64,
        )
        for layer in (
            self.transformer.proj_out,
            self.transformer.condition_embedder.time_proj,
        ):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, noisy: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
        """Velocity (batch, 16, frames, h, w); ids 0 are padding: zero vectors, as the pipelines make them."""
        embedded = self.text(ids).last_hidden_state * (ids > 0)[..., None]
        padded = torch.nn.functional.pad(embedded, (0, 0, 0, text.MAX_TOKENS - ids.shape[1]))
        with torch.autocast(noisy.device.type, torch.bfloat16):
            velocity = self.transformer(noisy, timesteps, padded, return_dict=False)[0]
        return torch.Tensor.float(velocity)


def flow_loss(
    network: nn.Module, clean: Tensor, share: Tensor, ids: Tensor, free: Tensor, sigma: Tensor
) -> Tensor:
    """Flow-matching loss a clip, velocity = noise - clean, on generated latents only.

    free: (batch, 1, frames, 1, 1), 1 where a latent frame is generated, 0 where it is given clean at timestep 0.
    Source: rectified flow (Liu et al. 2022), per-token timesteps as in Wan 2.2 TI2V.
    """
    noise = torch.randn_like(clean)
    s = sigma.view(-1, 1, 1, 1, 1) * free  # (batch, 1, frames, 1, 1)
    noisy = (1 - s) * clean + s * noise
    rows, cols = clean.shape[-2] // 2, clean.shape[-1] // 2
    timesteps = (s * 1000).expand(-1, -1, -1, rows, cols).flatten(1)
    weight = (1 + SUBJECT_WEIGHT * share) * free
    error = (network(noisy, timesteps, ids) - (noise - clean)) ** 2 * weight
    loss: Tensor = error.sum((1, 2, 3, 4)) / (weight.sum((1, 2, 3, 4)) * clean.shape[1])
    return loss


def sample_given(batch: int, frames: int, rng: np.random.Generator) -> Tensor:
    """Which latent frames are generated: text alone, first, last, both, or a prefix of 5 or 9."""
    free = torch.ones(batch, 1, frames, 1, 1)
    if frames == 1:
        return free
    for row, dice in zip(free, rng.random(batch), strict=True):
        if dice < 0.15:
            row[:, 0] = 0
        elif dice < 0.25:
            row[:, 0] = 0
            row[:, -1] = 0
        elif dice < 0.30:
            row[:, -1] = 0
        elif dice < 0.42:
            row[:, : 9 if frames > 9 and dice < 0.36 else min(5, frames - 4)] = 0
    return free


def optimizers(network: Network) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the matrices inside the blocks, AdamW for everything else.

    At equal time on one core (5 minutes) Muon's held-out loss was 1.04, AdamW's alone 1.08.
    """
    inner = [p for p in network.transformer.blocks.parameters() if p.ndim == 2]
    chosen = {id(p) for p in inner}
    others = [p for p in network.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(
        inner, lr=LEARNING_RATE, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"
    )
    adamw = torch.optim.AdamW(
        [
            {"params": [p for p in others if p.ndim > 1], "weight_decay": 0.01},
            {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=LEARNING_RATE,
        betas=(0.9, 0.98),
    )
    return muon, adamw


class Trainer:
    """One process of a run."""

    def __init__(self, out: Path, minutes: float, *, toy: bool) -> None:
        self.out, self.minutes = out, minutes
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.processes = dist.get_world_size() if dist.is_initialized() else 1
        self.curriculum = TOY if toy else CURRICULUM
        self.pool_size = 8 if toy else POOL
        self.validation_clips = 8 if toy else 192
        torch.manual_seed(0)
        self.network = Network()
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizers = optimizers(self.network)
        self.step, self.seconds, self.clips = 0, 0.0, 0
        self.vae = self._codec()
        self.encoder = codec.linear_encoder(self.vae)
        self._resume()
        self.rng = np.random.default_rng([self.step, self.rank])
        torch.manual_seed(1000 * self.step + self.rank)
        self.pools: dict[Bucket, Pool] = {}

    @property
    def state_file(self) -> Path:
        return self.out / "state.pt"

    def _codec(self) -> AutoencoderKLWan:
        folder = self.out / "vae"
        if self.rank == 0 and not folder.exists():
            codec.build(codec.fit(clips=60 if self.curriculum is TOY else 800)).save_pretrained(
                folder
            )
        if self.processes > 1:
            dist.barrier()
        return AutoencoderKLWan.from_pretrained(folder).eval()

    def _resume(self) -> None:
        if not self.state_file.exists():
            return
        state = torch.load(self.state_file, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.seconds, self.clips = state["step"], state["seconds"], state["clips"]
        self.say(f"resumed at step {self.step}, {self.seconds / 60:.1f} min")

    def save(self) -> None:
        """Write the state beside itself and swap it in, so that a kill at any moment leaves a whole file."""
        if self.rank != 0:
            return
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
            "clips": self.clips,
        }
        fresh = self.state_file.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self.state_file)

    def say(self, message: str) -> None:
        if self.rank == 0:
            sys.stdout.write(message + "\n")
            sys.stdout.flush()

    def progress(self) -> float:
        """Share of the run done; the same in every process."""
        share = torch.tensor([self.seconds / 60 / self.minutes])
        if self.processes > 1:
            dist.broadcast(share, 0)
        return min(1.0, float(share))

    def bucket(self, share: float) -> Bucket:
        """Chosen by step number, so that all processes take the same shape."""
        buckets = next(b for until, b in self.curriculum if share <= until)
        weights = np.array([b.weight for b in buckets])
        dice = np.random.default_rng(self.step)
        return buckets[int(dice.choice(len(buckets), p=weights / weights.sum()))]

    def run(self) -> None:
        """Train until the budget is spent, validating and saving on the way; write the model at the end."""
        losses: list[float] = []
        since = time.monotonic()
        while (share := self.progress()) < 1:
            rate = min(1.0, (self.step + 1) / WARMUP_STEPS)
            rate *= max(0.02, min(1.0, (1 - share) / DECAY_SHARE))
            for optimizer in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = LEARNING_RATE * rate
            losses.append(self._train_step(self.bucket(share)))
            now = time.monotonic()
            self.seconds, since = self.seconds + now - since, now
            if self.step % 250 == 0:
                report = self.validate() if self.rank == 0 else ""
                left = self.minutes - self.seconds / 60
                self.say(
                    f"step {self.step} min {self.seconds / 60:.1f} left {left:.1f} "
                    f"clips {self.clips / 1000:.1f}k loss {np.mean(losses[-250:]):.4f} {report}"
                )
                self.save()
                since = time.monotonic()
        self.save()
        if self.rank == 0:
            assemble(self.average, self.vae, self.out / "model")
        self.say(f"done: {self.out / 'model'}")

    def _train_step(self, bucket: Bucket) -> float:
        if bucket not in self.pools:
            self.pools[bucket] = Pool(bucket, self.encoder, self.rng, self.pool_size)
        clean, share, ids = self.pools[bucket].draw()
        batch = len(clean)
        dropped = torch.from_numpy(self.rng.random(ids.shape) < DROP_WORD)
        dropped |= torch.from_numpy(self.rng.random((batch, 1)) < DROP_CAPTION)
        ids = ids.masked_fill(dropped, 0)
        free = sample_given(batch, bucket.frames, self.rng)
        sigma = torch.sigmoid(torch.randn(batch) * SIGMA_SPREAD + SIGMA_MEAN)
        loss = flow_loss(self.network, clean, share, ids, free, sigma).mean()
        self.network.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._share_gradients()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        self.clips += batch * self.processes
        decay = min(0.998, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.network.parameters()), 1 - decay
            )
        return loss.item()

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
    def validate(self) -> str:
        """Held-out loss of the average, and by how much (per cent) one wrong word a factor raises it: 0 is not
        obeyed."""
        if not hasattr(self, "held_out"):
            bucket = self.curriculum[0][1][0]
            pool = Pool(bucket, self.encoder, np.random.default_rng(424242), self.validation_clips)
            while len(pool.clips) < self.validation_clips:
                pool.clips.append(pool._fresh())
            latents = np.stack([c[0] for c in pool.clips]).astype(np.float32)
            share = np.stack([c[1] for c in pool.clips]).astype(np.float32)
            self.held_out = (
                torch.from_numpy(latents).permute(0, 4, 1, 2, 3),
                torch.from_numpy(share)[:, None],
                torch.tensor([c[2] for c in pool.clips]),
            )
        ids = self.held_out[2]
        base = self._held_out_loss(ids)
        rng = np.random.default_rng(0)
        rises = []
        for column, factor in enumerate(FACTORS):
            group = [TOKEN_ID[value] for value in words.values(factor)]
            wrong = ids.clone()
            for row in range(len(ids)):
                others = [i for i in group if i != int(ids[row, column])]
                wrong[row, column] = int(rng.choice(others))
            rises.append(f"{factor} {100 * (self._held_out_loss(wrong) / base - 1):.1f}")
        return f"val {base:.4f} rise % " + " ".join(rises)

    def _held_out_loss(self, ids: Tensor) -> float:
        latents, share, _ = self.held_out
        with torch.random.fork_rng():
            torch.manual_seed(3)
            sigma = torch.linspace(0.5, 0.98, len(latents))
            total = 0.0
            for k in range(0, len(latents), 48):
                part = slice(k, k + 48)
                free = torch.ones(len(latents[part]), 1, latents.shape[2], 1, 1)
                total += float(
                    flow_loss(
                        self.average, latents[part], share[part], ids[part], free, sigma[part]
                    ).sum()
                )
        return total / len(latents)


def assemble(network: Network, vae: AutoencoderKLWan, folder: Path) -> None:
    """Save the stock pipeline in half precision, with the scheduler that sampling uses."""
    pipeline = WanPipeline(
        tokenizer=text.build_tokenizer(),
        text_encoder=copy.deepcopy(network.text).half(),
        transformer=copy.deepcopy(network.transformer).half(),
        vae=copy.deepcopy(vae).half(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        expand_timesteps=True,
    )
    pipeline.save_pretrained(folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Train the embedded model.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the state and the model")
    parser.add_argument("--minutes", type=float, required=True, help="budget of the whole run")
    parser.add_argument("--toy", action="store_true", help="a run of seconds, to try the code")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)  # processes scale better than threads here: see the model card
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        dist.init_process_group("gloo")
    chosen.out.mkdir(parents=True, exist_ok=True)
    Trainer(chosen.out, chosen.minutes, toy=chosen.toy).run()
    if dist.is_initialized():
        dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
