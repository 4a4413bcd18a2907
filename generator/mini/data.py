"""Training clips of the embedded model: drawn when they are needed, encoded, kept for a while in a pool."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from torch import Tensor

from shotwright.generator.mini import codec, words
from shotwright.generator.mini.recipe import CELL, Bucket
from shotwright.generator.mini.world import (
    Scene,
    coordinates,
    group,
    render_batch,
    sample_scene,
)

TOKEN_ID = {token: i + 2 for i, token in enumerate(words.tokens())}
"""As the tokenizer numbers them; 0 is padding and a word left unsaid, 1 unknown."""


@dataclass(frozen=True)
class Clips:
    """latents: (clips, channels, frames, h, w); share: (clips, 1, frames, h, w), the subject's share of each latent
    cell; ids: (clips, factors) caption tokens; where: (clips, tokens, 18) what the scene knows of each token, see
    `world.coordinates`.  Half precision, on the device that trains."""

    latents: Tensor
    share: Tensor
    ids: Tensor
    where: Tensor

    def __len__(self) -> int:
        return len(self.latents)

    def pick(self, rows: Tensor) -> "Clips":
        return Clips(self.latents[rows], self.share[rows], self.ids[rows], self.where[rows])

    def replace(self, rows: Tensor, fresh: "Clips") -> None:
        """Overwrite some clips."""
        self.latents[rows], self.share[rows] = fresh.latents, fresh.share
        self.ids[rows], self.where[rows] = fresh.ids, fresh.where


def join(parts: Sequence[Clips]) -> Clips:
    return Clips(
        *(
            torch.cat([getattr(p, name) for p in parts])
            for name in ("latents", "share", "ids", "where")
        )
    )


Encode = Callable[[Tensor], Tensor]
"""Frames (clips, frames, height, width, 3) in [-1, 1] -> normalised latents (clips, channels, latent frames, h, w)."""


class Draw:
    """Draws clips of one bucket on one device, and encodes them."""

    def __init__(
        self, bucket: Bucket, encode: Encode, device: torch.device, temporal: int = 1
    ) -> None:
        self.bucket, self.encode, self.device, self.temporal = bucket, encode, device, temporal

    def __call__(self, scenes: Sequence[Scene]) -> Clips:
        """Clips in the order of the scenes' groups: what can be drawn together is."""
        return join([self._together([scenes[i] for i in g]) for g in group(scenes).values()])

    def pictures(self, scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
        """Frames (clips, frames, height, width, 3) in [-1, 1] and the subject's share of each pixel; the scenes share
        place, subject and weather."""
        b = self.bucket
        drawn = render_batch(
            scenes, frames=b.frames, height=b.height, width=b.width, shown=b.moments, put=self._put
        )
        return torch.as_tensor(drawn.frames) * 2 - 1, torch.as_tensor(drawn.subject)

    def _together(self, scenes: Sequence[Scene]) -> Clips:
        b = self.bucket
        frames, mask = self.pictures(scenes)
        n, count, height, width = mask.shape
        rows, columns, side = height // codec.PATCH, width // codec.PATCH, codec.PATCH
        share = mask.reshape(n, count, rows, side, columns, side).mean((3, 5))
        kept = range(0, count, self.temporal)  # the frame at the end of each latent's stretch
        where = coordinates(
            scenes,
            frames=b.frames,
            rows=height // CELL,
            columns=width // CELL,
            shown=[b.moments[i] for i in kept],
            put=self._put,
        )
        ids = torch.tensor([[TOKEN_ID.get(token, 0) for token in s.tokens] for s in scenes])
        latents = self.encode(frames)
        if (
            b.shown == "tail"
        ):  # as the pipeline encodes a last frame that is given: a still of its own
            still = frames[:, -1:].expand(-1, 5, -1, -1, -1)
            latents[:, :, -1] = self.encode(still)[:, :, -1]
        return Clips(
            latents.half(),
            share[:, None, kept.start : kept.stop : kept.step].half(),
            ids.to(self.device),
            torch.as_tensor(where).flatten(1, 3).half(),
        )

    def _put(self, array: Any) -> Any:
        # drawn by numpy on the CPU, which is quicker there than torch on small arrays
        if self.device.type == "cpu":
            return array
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


def encoder(vae: AutoencoderKLWan, device: torch.device) -> Encode:
    """The codec as a plain function; a linear one as the matrix that it is."""
    if vae.config.scale_factor_temporal == 1:
        matrix, bias = (torch.from_numpy(a).to(device) for a in codec.linear_encoder(vae))
        return lambda frames: codec.encode_patches(frames, matrix, bias)
    vae = vae.to(device)
    mean, deviation = (
        torch.tensor(values, device=device).view(1, -1, 1, 1, 1)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )

    @torch.no_grad()
    def encode(frames: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            latents = vae.encode(frames.permute(0, 4, 1, 2, 3)).latent_dist.mode()
        return (torch.Tensor.float(latents) - mean) / deviation

    return encode


class Pool:
    """Clips of one bucket, a part renewed at every draw."""

    def __init__(
        self,
        draw: Draw,
        rng: np.random.Generator,
        size: int,
        fresh: float,
        cameras: Sequence[tuple[str, float]] = (),
    ) -> None:
        self.draw, self.rng, self.size, self.fresh = draw, rng, size, fresh
        self.cameras = camera_shares(cameras)
        self.clips: Clips | None = None

    def take(self, batch: int) -> Clips:
        """`batch` clips; at least one of them was never seen before."""
        drawn = self.draw(self._scenes(max(1, round(batch * self.fresh))))
        if self.fresh >= 1:
            return drawn
        if self.clips is None:
            self.clips = drawn
        elif len(self.clips) < self.size:
            self.clips = join([self.clips, drawn])
        else:
            rows = self.rng.choice(len(self.clips), len(drawn), replace=False)
            self.clips.replace(torch.from_numpy(rows), drawn)
        old = self.rng.integers(len(self.clips), size=batch - len(drawn))
        return join([drawn, self.clips.pick(torch.from_numpy(old))])

    def _scenes(self, count: int) -> list[Scene]:
        together = 1 if self.draw.device.type == "cpu" else TOGETHER
        return sample_scenes(self.rng, count, together, self.cameras)


TOGETHER = 16
"""Clips that share place, subject and weather, so that a GPU draws them at once."""


def camera_shares(kinds: Sequence[tuple[str, float]]) -> dict[str, float]:
    """How often each move is drawn, of how often each kind is, a way; none of none."""
    weights = {
        move: weight
        for kind, weight in kinds
        for move in words.values("camera")
        if move.partition("_")[0] == kind
    }
    return {move: weight / sum(weights.values()) for move, weight in weights.items()}


def sample_scenes(
    rng: np.random.Generator, count: int, together: int, cameras: Mapping[str, float] | None = None
) -> list[Scene]:
    """Scenes, `together` at a time of the same place, subject and weather; their moves as often as `cameras` says."""

    def sample(**fixed: str) -> Scene:
        if cameras:
            fixed["camera"] = str(rng.choice(list(cameras), p=list(cameras.values())))
        return sample_scene(rng, **fixed)

    scenes: list[Scene] = []
    while len(scenes) < count:
        first = sample()
        shared = {"place": first.place, "subject": first.subject, "weather": first.weather}
        more = min(together, count - len(scenes)) - 1
        scenes += [first, *(sample(**shared) for _ in range(more))]
    return scenes
