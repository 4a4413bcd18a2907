"""A small classifier that looks at a finished clip and says which values of the world it shows.

It measures what the embedded model obeys; its weights lie with the tests, outside the wheel.  Knows
nothing of the model, and not the camera, which `generator/inspect/camera.py` measures from pixels.
Trained on renders drawn on the fly, most of them sent through the linear codec with noise on the
latents, so that codec blur and a sampler's small errors do not confuse it.  Some are garbled, cells
of several subjects mixed: those it must call unclear, not guess.

    python -m shotwright.generator.mini.judge --out tests/data/judge.safetensors --minutes 12
"""

import argparse
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from shotwright.generator.frames import Frames
from shotwright.generator.mini import codec
from shotwright.generator.mini.console import say
from shotwright.generator.mini.data import sample_scenes
from shotwright.generator.mini.world import Scene, render, render_batch, sample_scene
from shotwright.generator.mini.world.scene import choices

FACTORS = ("time", "place", "weather", "colour", "subject", "action")
"""What is judged."""

FRAMES = 9
"""Frames that are looked at, evenly spread; clips of 8k + 1 frames are sampled without rounding."""
LOOKS = slice(0, FRAMES, 2)
"""Of these, the ones whose picture (rather than motion) is looked at."""
SHORT_SIDE = 64
CELL = 8
"""Pixels of one cell of the feature maps."""

SHAPES = ((0.44, 64, 64), (0.17, 64, 112), (0.17, 112, 64), (0.11, 64, 80), (0.11, 80, 64))
"""(weight, height, width) of the training clips: every size the model's card has."""
BATCH = 32
POOL = 640
"""Clips kept a shape, a few renewed at every draw."""
FRESH = 5
"""Clips newly drawn a batch: they share place, subject and weather, so that they are drawn together."""
ODD_LENGTHS = (13, 21, 29)
"""Frame counts that nine frames divide unevenly; one clip in ten has one of them."""
LATENT_NOISE = 0.3
GARBLED = 0.2
"""Share of training clips whose subject is mixed of several."""
UNCLEAR = "unclear"
CAN_BE_UNCLEAR = ("subject", "action")
LEARNING_RATE = 2e-3


class Judge(nn.Module):
    """Clips (batch, 3, 9, height, width) in [-1, 1] -> logits a factor, and where the subject is.

    Two streams meet in one hidden layer: five pictures seen one by one, pooled where the subject
    is, and all nine frames stacked as channels, for motion.  Pooling is global: any width works.
    """

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            _conv(3, 32, stride=2), _conv(32, 64, stride=2), _conv(64, 96, stride=2), _conv(96, 96)
        )
        self.where = nn.Conv2d(96, 1, 1)
        self.motion = nn.Sequential(
            _conv(3 * FRAMES + 2, 48, side=5, stride=2),
            _conv(48, 96, stride=2),
            _conv(96, 128, stride=2),
            _Residual(128),
            _Residual(128),
        )
        looks = len(range(FRAMES)[LOOKS])
        self.hidden = nn.Sequential(
            nn.Linear(3 * 96 + 3 * 128 + 3 * looks, 256), nn.GELU(), nn.Dropout(0.1)
        )
        self.heads = nn.ModuleDict({f: nn.Linear(256, len(values(f))) for f in FACTORS})

    def forward(self, clips: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Logits (batch, values) a factor; the subject's log-shares (batch, 5, rows, columns).

        The shares of a clip, over its five pictures, sum to 1.
        """
        pictures = clips[:, :, LOOKS].transpose(1, 2)  # (batch, 5, 3, height, width)
        batch, looks = pictures.shape[:2]
        seen = self.look(pictures.flatten(0, 1))  # (batch * 5, 96, rows, columns)
        rows, cols = seen.shape[-2:]
        where = self.where(seen).float().view(batch, looks, rows * cols)
        seen = seen.view(batch, looks, -1, rows * cols)
        share = where.flatten(1).softmax(1).view_as(where)
        place = where.softmax(2)
        y, x = _grid(rows, cols, clips.device)
        track = torch.stack([(place * x).sum(2), (place * y).sum(2), share.sum(2)], 2)
        motion = self.motion(self._stacked(clips)).flatten(2)  # (batch, 128, cells)
        features = [
            torch.einsum("btcn,btn->bc", seen, share.to(seen.dtype)),
            seen.mean((1, 3)),
            seen.amax((1, 3)),
            torch.einsum("bcn,bn->bc", motion, place.mean(1).to(motion.dtype)),
            motion.mean(2),
            motion.amax(2),
            track.flatten(1),
        ]
        hidden = self.hidden(torch.cat([f.float() for f in features], 1))
        logits = {factor: head(hidden).float() for factor, head in self.heads.items()}
        return logits, where.flatten(1).log_softmax(1).view(batch, looks, rows, cols)

    @staticmethod
    def _stacked(clips: Tensor) -> Tensor:
        """All frames as channels, and the pixel's coordinates."""
        height, width = clips.shape[-2:]
        y, x = _grid(height, width, clips.device)
        grid = torch.stack([y, x]).view(2, height, width).expand(len(clips), -1, -1, -1)
        return torch.cat([clips.flatten(1, 2), grid], 1)


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(_conv(width, width), _conv(width, width))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.inner(x)
        return x + added


def _conv(inputs: int, outputs: int, *, side: int = 3, stride: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, side, stride=stride, padding=side // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.SiLU(),
    )


def _grid(rows: int, cols: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """y and x of each cell's centre, flat, in half heights, centred, y down."""
    y = (torch.arange(rows, device=device) + 0.5) * 2 / rows - 1
    x = (torch.arange(cols, device=device) + 0.5 - cols / 2) * 2 / rows
    return y.repeat_interleave(cols), x.repeat(rows)


def values(factor: str) -> tuple[str, ...]:
    """What the judge can say of a factor, in the order of its logits."""
    unclear = (UNCLEAR,) if factor in CAN_BE_UNCLEAR else ()
    return choices(factor) + unclear


def prepare(frames: Frames) -> Tensor:
    """A clip of any length and size as the judge takes it: (1, 3, 9, height, width).

    The short side becomes 64.
    """
    chosen = np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)
    pixels = torch.from_numpy(np.ascontiguousarray(frames[chosen])).permute(0, 3, 1, 2) / 127.5 - 1
    height, width = pixels.shape[-2:]
    scale = SHORT_SIDE / min(height, width)
    if scale != 1:
        size = [max(CELL, round(side * scale / CELL) * CELL) for side in (height, width)]
        pixels = functional.interpolate(pixels, size, mode="bilinear", antialias=True)
    return pixels.permute(1, 0, 2, 3)[None]


@torch.no_grad()
def verdict(judge: Judge, frames: Frames) -> dict[str, str]:
    """The value of each factor that the clip shows, in the judge's eyes."""
    logits, _ = judge(prepare(frames))
    return {factor: values(factor)[int(row.argmax())] for factor, row in logits.items()}


@torch.no_grad()
def likelihood(judge: Judge, frames: Frames, asked: Mapping[str, str]) -> float:
    """Sum of the log-probabilities of the values asked: the surer the judge, the nearer to 0."""
    logits, _ = judge(prepare(frames))
    return sum(
        float(logits[factor].log_softmax(1)[0, values(factor).index(value)])
        for factor, value in asked.items()
    )


def load(path: Path) -> Judge:
    """A trained judge, float32, ready to look."""
    judge = Judge()
    judge.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    judge.eval()
    return judge


def save(judge: Judge, path: Path) -> None:
    """Write the weights in half precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {
        name: value.half() if value.is_floating_point() else value
        for name, value in judge.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    save_file({name: value.contiguous() for name, value in weights.items()}, path)


Sample = tuple[dict[str, str], Frames, NDArray[np.float32]]
"""What is to be said, nine frames, the subject's share of each of their cells."""


@dataclass
class _Pool:
    """Clips of one size, a part renewed at every draw."""

    height: int
    width: int
    rng: np.random.Generator
    clips: list[Sample] = field(default_factory=list)

    def draw(self) -> list[Sample]:
        """One batch, for which a few clips are replaced (the first time: half the pool is filled)."""
        for _ in range(1 if self.clips else POOL // (2 * FRESH)):
            scenes = sample_scenes(self.rng, FRESH, FRESH)
            garbled = self.rng.random() < GARBLED
            for clip in self.garbled(scenes) if garbled else self._drawn(scenes, self._length()):
                if len(self.clips) < POOL:
                    self.clips.append(clip)
                else:
                    self.clips[int(self.rng.integers(POOL))] = clip
        return [self.clips[i] for i in self.rng.integers(len(self.clips), size=BATCH)]

    def _length(self) -> int:
        return FRAMES if self.rng.random() < 0.9 else int(self.rng.choice(ODD_LENGTHS))

    def _drawn(self, scenes: Sequence[Scene], count: int) -> list[Sample]:
        batch = render_batch(scenes, frames=count, height=self.height, width=self.width)
        chosen = np.linspace(0, count - 1, FRAMES).round().astype(int)
        pixels = (batch.frames[:, chosen] * 255 + 0.5).astype(np.uint8)
        cells = (FRAMES, self.height // CELL, CELL, self.width // CELL, CELL)
        shares = batch.subject[:, chosen].reshape(len(scenes), *cells).mean((3, 5))
        return [
            ({factor: getattr(scene, factor) for factor in FACTORS}, frames, share)
            for scene, frames, share in zip(scenes, pixels, shares, strict=True)
        ]

    def garbled(self, scenes: Sequence[Scene]) -> list[Sample]:
        """Each scene with three subjects, each doing something else, mixed cell by cell or smeared together."""
        subjects, actions = (
            [str(value) for value in self.rng.permutation(choices(factor))[:3]]
            for factor in CAN_BE_UNCLEAR
        )
        parts = [
            self._drawn([replace(s, subject=subject, action=action) for s in scenes], FRAMES)
            for subject, action in zip(subjects, actions, strict=True)
        ]
        return [self._mixed(versions) for versions in zip(*parts, strict=True)]

    def _mixed(self, parts: Sequence[Sample]) -> Sample:
        frames = np.stack([frames for _, frames, _ in parts])  # (3, 9, height, width, 3)
        steady = self.rng.random() < 0.5  # one choice of cells for all frames
        cells = (1 if steady else FRAMES, self.height // CELL, self.width // CELL)
        weights = self.rng.dirichlet((1, 1, 1), cells)
        way = self.rng.random()
        if way < 0.7:  # one subject a cell; in most clips the one that fills more of it
            shares = np.stack([share for *_, share in parts], -1) if way < 0.4 else 0
            weights = np.eye(3)[((shares + 0.1) * weights).argmax(-1)]
        weights = weights.transpose(3, 0, 1, 2).repeat(CELL, 2).repeat(CELL, 3)[..., None]
        mixed = (frames * weights).sum(0).round().astype(np.uint8)
        truth = {**parts[0][0], **dict.fromkeys(CAN_BE_UNCLEAR, UNCLEAR)}
        return truth, mixed, np.mean([share for *_, share in parts], 0, dtype=np.float32)


class Blur:
    """The linear codec as two matrix products, for passing many clips through it quickly."""

    def __init__(self, basis: codec.Basis) -> None:
        self.encode = torch.from_numpy(basis.encode).float()
        self.mean = torch.from_numpy(basis.mean).float()
        taps = torch.from_numpy(basis.decode).float()  # (3, 3, 24, 192)
        self.taps, self.bias = taps.permute(3, 2, 0, 1), torch.from_numpy(basis.bias).float()

    def __call__(self, frames: Frames, noise: Tensor) -> Tensor:
        """Frames (n, height, width, 3) as the codec gives them back.

        Returns (n, 3, height, width) in [-1, 1].  noise: (n,), standard deviation of what is added
        to each frame's latents.
        """
        latents = (torch.from_numpy(codec.to_patches(frames)) - self.mean) @ self.encode
        latents = latents + noise.view(-1, 1, 1, 1) * torch.randn_like(latents)
        tiles = functional.conv2d(latents.permute(0, 3, 1, 2), self.taps, self.bias, padding=1)
        count, _, rows, cols = tiles.shape
        tiles = tiles.view(count, codec.PATCH, codec.PATCH, 3, rows, cols)
        return (
            tiles.permute(0, 3, 4, 1, 5, 2)
            .reshape(count, 3, rows * codec.PATCH, cols * codec.PATCH)
            .clamp(-1, 1)
        )


def train(*, minutes: float, seed: int = 5) -> Judge:
    """Train a judge for so many minutes of CPU time; progress goes to stdout."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    blur = Blur(codec.fit(clips=200))
    judge = Judge()
    judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time
    optimizer = torch.optim.AdamW(judge.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    pools = [_Pool(height, width, rng) for _, height, width in SHAPES]
    weights = [weight for weight, *_ in SHAPES]
    began, step = time.process_time(), 0
    while (share := (time.process_time() - began) / 60 / minutes) < 1:
        rate = min(1.0, (step + 1) / 50) * (0.02 + 0.98 * math.cos(share * math.pi / 2) ** 2)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate
        batch = pools[int(rng.choice(len(pools), p=weights))].draw()
        loss = _loss(judge, blur, batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(judge.parameters(), 2.0)
        optimizer.step()
        step += 1
        if step % 100 == 0:
            say(f"step {step} done {100 * share:.0f} % loss {loss.item():.3f}")
    return judge.eval()


def _loss(judge: Judge, blur: Blur, batch: Sequence[Sample]) -> Tensor:
    """Cross-entropy over all factors, and of the subject's place where it is in the picture."""
    frames = np.concatenate([frames for _, frames, _ in batch])
    noise = (torch.rand(len(batch)) * LATENT_NOISE).repeat_interleave(FRAMES)
    pixels = blur(frames, noise)
    plain = (torch.rand(len(batch)) < 0.25).repeat_interleave(FRAMES)
    drawn = torch.from_numpy(frames).permute(0, 3, 1, 2) / 127.5 - 1
    pixels = torch.where(plain.view(-1, 1, 1, 1), drawn, pixels)
    clips = pixels.view(len(batch), FRAMES, *pixels.shape[1:]).transpose(1, 2)
    with torch.autocast("cpu", torch.bfloat16):
        logits, place = judge(clips)
    loss = torch.zeros(())
    for factor, scores in logits.items():
        target = torch.tensor([values(factor).index(truth[factor]) for truth, *_ in batch])
        loss = loss + functional.cross_entropy(scores, target, label_smoothing=0.05)
    masks = torch.from_numpy(np.stack([share[LOOKS] for *_, share in batch]))
    target = masks / masks.sum((1, 2, 3), keepdim=True).clamp(min=1e-3)
    placed: Tensor = (target * place).sum((1, 2, 3)).mean()
    return loss - 0.5 * placed


def accuracy(judge: Judge, clips: Sequence[tuple[Scene, Frames]]) -> Mapping[str, float]:
    """Share of right verdicts a factor."""
    right = dict.fromkeys(FACTORS, 0)
    for scene, frames in clips:
        said = verdict(judge, frames)
        for factor in FACTORS:
            right[factor] += said[factor] == getattr(scene, factor)
    return {factor: count / len(clips) for factor, count in right.items()}


def held_out(count: int, *, seed: int) -> list[tuple[Scene, Frames]]:
    """Freshly drawn clips of every shipped size and of 9, 17 and 33 frames, in turn."""
    rng = np.random.default_rng(seed)
    clips = []
    for i in range(count):
        _, height, width = SHAPES[i % len(SHAPES)]
        scene = sample_scene(rng)
        clips.append(
            (scene, render(scene, frames=(9, 17, 33)[i % 3], height=height, width=width).frames)
        )
    return clips


def _report(judge: Judge) -> None:
    """Print accuracy on held-out renders, as they are and after the codec with and without
    noise.
    """
    clips = held_out(300, seed=77)
    blur = Blur(codec.fit(clips=200))
    for noise in (None, 0.0, 0.3):
        shown = clips
        if noise is not None:
            shown = []
            for scene, frames in clips:
                pixels = blur(frames, torch.full((len(frames),), noise)).permute(0, 2, 3, 1)
                shown.append((scene, np.round((pixels.numpy() + 1) * 127.5).astype(np.uint8)))
        label = "renders" if noise is None else f"through the codec, latent noise {noise}"
        figures = " ".join(f"{f} {v:.3f}" for f, v in accuracy(judge, shown).items())
        say(f"{label}, n {len(shown)}: {figures}")
    rng = np.random.default_rng(78)
    pool = _Pool(64, 64, rng)
    mixed = [clip for _ in range(25) for clip in pool.garbled(sample_scenes(rng, 4, 4))]
    said = [verdict(judge, frames) for _, frames, _ in mixed]
    figures = " ".join(f"{f} {sum(s[f] == UNCLEAR for s in said)}" for f in CAN_BE_UNCLEAR)
    say(f"garbled clips called unclear, of {len(said)}: {figures}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Train the judge of the embedded model.")
    parser.add_argument("--out", type=Path, required=True, help="file of the weights")
    parser.add_argument("--minutes", type=float, default=12.0, help="CPU time of one thread")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    judge = train(minutes=chosen.minutes)
    save(judge, chosen.out)
    _report(load(chosen.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
