"""What a training run of the embedded model is made of: sizes of the network, shapes of the clips, schedule.

Numbers only; knows no torch.
"""

from dataclasses import dataclass, replace
from typing import Literal

CELL = 16
"""Pixels of one token's side: the codec's 8 and the transformer's patch of 2."""

Shown = Literal["all", "spread", "prefix", "tail"]


@dataclass(frozen=True)
class Bucket:
    """Clips of one shape, drawn with `weight`.

    shown: which frames of the clip are trained on: all; nine spread evenly from the first to the last; the first five
    and four spread over the rest; all, with the last four standing still, as a codec that compresses time sees a last
    frame that is given.  A transformer with relative positions learns a long clip's motion from nine of its frames,
    at the cost of a clip of nine.
    """

    weight: float
    frames: int
    height: int
    width: int
    shown: Shown = "all"

    @property
    def moments(self) -> tuple[int, ...]:
        """Indices of the frames that are drawn."""
        last = self.frames - 1
        if self.shown == "tail":
            return (*range(last - 3), last, last, last, last)
        if self.shown == "all" or self.frames <= 9:
            return tuple(range(self.frames))
        if self.shown == "spread":
            return tuple(round(i * last / 8) for i in range(9))
        return (0, 1, 2, 3, 4, *(round(4 + i * (last - 4) / 4) for i in range(1, 5)))

    def tokens(self, temporal: int) -> int:
        """Tokens of a clip where the codec makes one latent frame of `temporal` frames."""
        latent_frames = (len(self.moments) - 1) // temporal + 1
        return latent_frames * (self.height // CELL) * (self.width // CELL)


Phase = tuple[float, tuple[Bucket, ...]]
"""(until this share of the run, its buckets)"""


@dataclass(frozen=True)
class Recipe:
    """Numbers of a run.

    width, heads, layers, ffn: of the transformer; tokens_a_step: latent tokens in one process's batch; fresh: share
    of a batch that is newly drawn, the rest comes from a pool of `pool` clips a shape; codec: `linear` is fitted, on
    `codec_clips` clips, a latent a frame; `conv` is trained, `codec_minutes` long, `codec_width`
    channels inside, a latent for four frames; lean: the
    resume file holds half-precision weights and no optimizer, so that it stays small; subject_weight: what the loss
    of a latent cell gains where the subject fills it; sigma_mean: of the noise levels' logit; cameras: how often each
    kind of move is drawn, a way; none leaves it to the world's even shares.
    """

    width: int
    heads: int
    layers: int
    ffn: int
    learning_rate: float
    tokens_a_step: int
    fresh: float
    pool: int
    codec_clips: int
    validation_clips: int
    average: float
    phases: tuple[Phase, ...]
    codec: Literal["linear", "conv"] = "linear"
    codec_minutes: float = 0.0
    codec_width: int = 0
    codec_batch: int = 1
    lean: bool = False
    subject_weight: float = 6.0
    sigma_mean: float = 0.7
    cameras: tuple[tuple[str, float], ...] = ()

    @property
    def temporal(self) -> int:
        """Frames that one latent frame holds, after the first."""
        return 4 if self.codec == "conv" else 1

    def batch(self, bucket: Bucket) -> int:
        return max(2, self.tokens_a_step // bucket.tokens(self.temporal))

    def buckets(self, share: float) -> tuple[Bucket, ...]:
        """Those of the phase that `share` of the run falls in."""
        return next(buckets for until, buckets in self.phases if share <= until)


def _shapes(
    short: int, long: int, middle: int, lengths: tuple[tuple[float, int, Shown], ...]
) -> tuple[Bucket, ...]:
    """Every size of the card at every length: square half of the time, the others in equal parts."""
    sizes = (
        (0.44, short, short),
        (0.18, short, long),
        (0.18, long, short),
        (0.10, short, middle),
        (0.10, middle, short),
    )
    return tuple(
        Bucket(share * weight, frames, height, width, shown)
        for share, height, width in sizes
        for weight, frames, shown in lengths
    )


CPU = Recipe(
    width=192,
    heads=3,
    layers=4,
    ffn=576,
    learning_rate=1.5e-3,
    tokens_a_step=3072,
    fresh=0.15,
    pool=640,
    codec_clips=800,
    validation_clips=144,
    average=0.998,
    phases=(
        (0.40, (Bucket(0.80, 17, 64, 64, "spread"), Bucket(0.20, 9, 64, 64))),
        (
            0.80,
            _shapes(
                64,
                112,
                80,
                (
                    (0.50, 17, "spread"),
                    (0.14, 17, "prefix"),
                    (0.12, 17, "all"),
                    (0.12, 33, "spread"),
                    (0.08, 9, "all"),
                    (0.04, 1, "all"),
                ),
            ),
        ),
        (
            1.0,
            _shapes(
                64,
                112,
                80,
                (
                    (0.28, 17, "spread"),
                    (0.14, 17, "prefix"),
                    (0.34, 17, "all"),
                    (0.06, 33, "spread"),
                    (0.06, 33, "all"),
                    (0.08, 9, "all"),
                    (0.04, 1, "all"),
                ),
            ),
        ),
    ),
)
"""Two CPU cores, one to four hours."""

CAMERA = replace(
    CPU,
    learning_rate=1.2e-3,
    subject_weight=2.5,
    sigma_mean=0.9,
    cameras=(
        ("static", 2.0),
        ("pan", 1.5),
        ("tilt", 1.0),
        ("roll", 1.0),
        ("zoom", 1.2),
        ("dolly", 2.5),
        ("truck", 1.8),
        ("pedestal", 1.0),
        ("orbit", 1.2),
    ),
)
"""A run of `cpu` gone on with, once subjects are obeyed: what moves the picture weighs more than what is in it."""

GPU = Recipe(
    width=320,
    heads=5,
    layers=6,
    ffn=1280,
    learning_rate=1e-3,
    tokens_a_step=65536,
    fresh=1.0,
    pool=0,
    codec_clips=0,
    validation_clips=192,
    average=0.999,
    phases=(
        (0.4, (Bucket(0.9, 17, 96, 96), Bucket(0.1, 1, 96, 96))),
        (
            1.0,
            _shapes(
                96,
                176,
                128,
                (
                    (0.42, 17, "all"),
                    (0.12, 17, "tail"),
                    (0.24, 33, "all"),
                    (0.05, 33, "tail"),
                    (0.10, 9, "all"),
                    (0.07, 1, "all"),
                ),
            ),
        ),
    ),
    codec="conv",
    codec_minutes=6.0,
    codec_width=32,
    codec_batch=32,
    lean=True,
)
"""One GPU of 40 GB or more, twenty minutes: six for the codec, the rest for the transformer."""

TOY = Recipe(
    width=48,
    heads=2,
    layers=2,
    ffn=96,
    learning_rate=1.5e-3,
    tokens_a_step=160,
    fresh=0.5,
    pool=8,
    codec_clips=60,
    validation_clips=8,
    average=0.9,
    phases=(
        (0.5, (Bucket(0.7, 17, 64, 64, "spread"), Bucket(0.3, 17, 64, 64, "prefix"))),
        (1.0, (Bucket(1.0, 9, 64, 64),)),
    ),
)
"""Seconds, to try the code."""

TOY_CONV = Recipe(
    width=48,
    heads=2,
    layers=2,
    ffn=96,
    learning_rate=1e-3,
    tokens_a_step=160,
    fresh=1.0,
    pool=0,
    codec_clips=0,
    validation_clips=4,
    average=0.9,
    phases=((1.0, (Bucket(0.6, 9, 64, 64), Bucket(0.4, 9, 64, 64, "tail"))),),
    codec="conv",
    codec_minutes=0.05,
    codec_width=8,
    codec_batch=1,
    lean=True,
)
"""The GPU's way, in seconds on a CPU."""

RECIPES = {"cpu": CPU, "camera": CAMERA, "gpu": GPU, "toy": TOY, "toy-conv": TOY_CONV}
