"""What makes a network faster: the attention kernel that measures best, compiled blocks, steps that are foreseen.

Two levels.  exact: another kernel for the same sums, and compiled blocks: as plain diffusers within the noise of
bfloat16.  fast: of the later steps every second is foreseen from those before it (TaylorSeer, Liu et al., 2025), and
the last ones go without guidance (Kynkäänniemi et al., Guidance in a Limited Interval, 2024).  Whether steps were
skipped is counted at the network itself: a cache whose patterns meet no module does nothing and says nothing.
Try: python -m pytest tests/generator/pipelines/test_speed.py
"""

import importlib.util
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shotwright.generator.catalog import Card, Network
from shotwright.generator.memory import Plan

NETWORKS = ("transformer", "transformer_2", "unet")
EXACT_KERNELS = ("_flash_3", "_native_cudnn", "flash", "_native_flash", "native")
HUB_KERNELS = ("_flash_3_hub", "flash_hub")
"""The same sums from the hub's kernels: only looked for where the package that fetches them is there."""
SAME = 0.02
"""Relative difference up to which a kernel is the same: some ten times bfloat16's own, of 2**-8."""
PROBED_TOKENS = 4096
INTERVAL = 2
WARM_UP = 3
"""Steps at the start that are all computed: in them the picture is laid out."""
SHORT = 8
"""Schedules up to this long are distilled ones: no step of theirs can be left out."""
GUIDED_SHARE = 0.8
"""Of the steps, those that are guided in the fast level."""
NOT_CUT_SHORT = "guided to the last step: this pipeline decides on it once"


# Operations

COUNTED = ("wan", "skyreels", "ltx")
"""Families whose blocks `flops` counts: one self-attention, one cross-attention to the words, two layers that feed
forward."""


def counted(card: Card) -> bool:
    """Whether `flops` holds for a card."""
    return card.network is not None and card.family in COUNTED


def flops(network: Network, *, width: int, height: int, frames: int, guided: bool = False) -> float:
    """Operations of one step of the families in `COUNTED`: a multiplication with its addition is two.

    Of each block: four projections and two layers of the feed-forward net for N tokens, two projections of the
    cross-attention for them and two for T text tokens, and the two attentions themselves; a block for control has one
    projection more.
    """
    n, t = network.tokens(width, height, frames), network.text_tokens
    d, f = network.width, network.ffn
    block = (
        2 * n * (4 * d * d + 2 * d * f)
        + 2 * n * 2 * d * d
        + 2 * t * 2 * d * d
        + 4 * n * n * d
        + 4 * n * t * d
    )
    beside = network.control_layers * (block + 2 * n * d * d)
    return float((network.layers * block + beside) * (2 if guided else 1))


def computed_steps(steps: float, level: str) -> float:
    """Of so many steps, those that a level computes where its step cache acts; the others are foreseen."""
    if level == "exact" or steps <= SHORT:
        return steps
    return WARM_UP + (steps - WARM_UP) / INTERVAL


# Attention


@dataclass(frozen=True)
class Kernel:
    """An attention kernel as it was measured: seconds a call, relative difference from PyTorch's own; why it cannot be
    used, where it cannot."""

    name: str
    seconds: float = float("inf")
    differs: float = float("inf")
    refused: str = ""

    def told(self) -> dict[str, Any]:
        """For a take's record."""
        if self.refused:
            return {"name": self.name, "refused": self.refused}
        ms = round(self.seconds * 1e3, 3)
        return {"name": self.name, "ms": ms, "differs": round(self.differs, 6)}


def probe_attention(
    device: str,
    *,
    heads: int,
    size: int,
    names: Sequence[str] | None = None,
    tokens: int = PROBED_TOKENS,
) -> list[Kernel]:
    """Every kernel tried on random tokens (1, tokens, heads, size), the fastest that is the same first."""
    import torch

    if names is None:
        hub = HUB_KERNELS if importlib.util.find_spec("kernels") else ()
        names = (*EXACT_KERNELS, *hub)
    generator = torch.Generator("cpu").manual_seed(0)
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    q, k, v = (
        torch.randn(1, tokens, heads, size, generator=generator).to(device, dtype) for _ in "qkv"
    )
    by_heads = [x.transpose(1, 2) for x in (q, k, v)]
    plain = torch.nn.functional.scaled_dot_product_attention(
        by_heads[0], by_heads[1], by_heads[2]
    ).transpose(1, 2)
    found = [_try(name, q, k, v, plain) for name in names]
    return sorted(found, key=lambda kernel: (kernel.differs > SAME, kernel.seconds))


def _try(name: str, q: Any, k: Any, v: Any, plain: Any) -> Kernel:
    import torch
    from diffusers.models.attention_dispatch import (
        AttentionBackendName,
        _check_attention_backend_requirements,
        _maybe_download_kernel_for_backend,
        dispatch_attention_fn,
    )

    try:
        backend = AttentionBackendName(name)
        _check_attention_backend_requirements(backend)
        _maybe_download_kernel_for_backend(backend)
        with torch.no_grad():
            made = dispatch_attention_fn(q, k, v, backend=backend)
            times = []
            for _ in range(3):
                _wait(q)
                began = time.perf_counter()
                dispatch_attention_fn(q, k, v, backend=backend)
                _wait(q)
                times.append(time.perf_counter() - began)
    except (
        Exception
    ) as error:  # a kernel may fail in any way: a missing package, chip, driver or symbol
        return Kernel(name, refused=f"{type(error).__name__}: {error}".splitlines()[0])
    differs = float((made.float() - plain.float()).norm() / plain.float().norm())
    return Kernel(name, sorted(times)[1], differs)


def _wait(tensor: Any) -> None:
    if tensor.is_cuda:
        import torch

        torch.cuda.synchronize(tensor.device)


# A pipeline made faster


@dataclass
class Pace:
    """How a loaded pipeline runs; kernels: as probed; passes: (computed, asked) of the last fast rendering's steps."""

    networks: list[Any]
    attention: str = "native"
    kernels: list[Kernel] = field(default_factory=list)
    compiled: bool = False
    passes: tuple[int, int] | None = None
    deviation: float | None = None
    """Of what the last fast rendering foresaw from what was then computed: relative L2 of the network's output, the
    mean over the steps where both were known.  Foreseen from `INTERVAL` steps before; a step left out, from one."""
    level: str = "exact"
    notes: list[str] = field(default_factory=list)
    _last_guided: int | None = None

    @contextmanager
    def at(self, level: str, steps: int, *, guidance_stops: bool = False) -> Iterator[None]:
        """The level for one rendering, nothing of it left after.

        guidance_stops: whether the pipeline asks at each step anew if it is guided.
        """
        self.level, self.passes, self.deviation, self._last_guided = level, None, None, None
        self.notes = []
        if level == "exact":
            yield
            return
        if guidance_stops:
            self._last_guided = max(1, round(steps * GUIDED_SHARE))
        else:
            self.notes.append(NOT_CUT_SHORT)
        cached = [network for network in self.networks if caches(network)]
        if steps <= SHORT:
            self.notes.append(f"{steps} steps are too few to leave one out")
            cached = []
        elif not cached:
            self.notes.append("no step cache acts on this network")
        counts = [_enable(network) for network in cached]
        try:
            yield
            self._add_up(counts)
        finally:
            for count in counts:
                count.end()

    def _add_up(self, counts: Sequence["_Count"]) -> None:
        if counts:
            self.passes = sum(c.computed for c in counts), sum(c.asked for c in counts)
            if self.passes[0] == self.passes[1]:
                self.notes.append("the step cache skipped nothing")
            errors = [float(error) for count in counts for error in count.errors]
            self.deviation = sum(errors) / len(errors) if errors else None

    def after_step(self, pipeline: Any, step: int) -> None:
        """Stop guiding once the last guided step is done."""
        if self._last_guided is not None and step + 1 >= self._last_guided:
            pipeline._guidance_scale = 1.0

    def told(self) -> dict[str, Any]:
        """For a take's record."""
        return {
            "level": self.level,
            "attention": self.attention,
            "kernels": [kernel.told() for kernel in self.kernels],
            "compiled": self.compiled,
            "passes": None if self.passes is None else list(self.passes),
            "deviation": None if self.deviation is None else round(self.deviation, 5),
            "guided_steps": self._last_guided,
            "notes": list(self.notes),
        }


def networks_of(pipeline: Any) -> list[Any]:
    """What denoises: of two experts both."""
    return [n for name in NETWORKS if (n := getattr(pipeline, name, None)) is not None]


def prepare(pipeline: Any, device: str, plan: Plan, cache: Path) -> Pace:
    """Choose the attention kernel and compile the blocks of a pipeline that lies on its device.

    cache: folder of compiled kernels, which outlives the process.
    """
    networks = networks_of(pipeline)
    pace = Pace(networks)
    if device == "cpu":
        return pace
    config = networks[0].config
    heads, size = config.get("num_attention_heads"), config.get("attention_head_dim")
    if isinstance(heads, int) and isinstance(
        size, int
    ):  # other networks have attention of their own
        pace.kernels = probe_attention(device, heads=heads, size=size)
    if pace.kernels and pace.kernels[0].differs <= SAME:
        pace.attention = pace.kernels[0].name
        for network in networks:
            network.set_attention_backend(pace.attention)
    # blocks that are moved about under a compiled graph are traced again each time
    if plan.offload == "none" and plan.precision not in ("fp8", "gguf"):
        compiled = [compile_blocks(network, cache) for network in networks]
        pace.compiled = any(compiled)
    return pace


def compile_blocks(network: Any, cache: Path) -> bool:
    """Have the repeated blocks of a network compiled at their first pass; False where it has none.

    cache: where compiled kernels are kept, by the code, its shapes, torch and the chip: another process finds them
    again.  A folder that the user's environment names goes before it.
    """
    # looked at at the first compilation, not when torch is imported
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache))
    if not getattr(network, "_repeated_blocks", None):
        return False
    # the step cache of the fast level decides outside of the graph, so a block may be two
    network.compile_repeated_blocks(fullgraph=False)
    return True


def caches(network: Any) -> bool:
    """Whether the step cache acts on a network: it has blocks and one last layer that is foreseen in their place.

    With another last layer the cache would feed it zeros: nothing tells that it does not know the network.
    """
    last = [name for name, _ in network.named_children() if name.endswith("proj_out")]
    blocks = [name for name, _ in network.named_children() if "block" in name]
    return hasattr(network, "enable_cache") and last == ["proj_out"] and bool(blocks)


class _Count:
    """Passes asked of a network whose steps are cached, and those that its last layer really computed."""

    def __init__(self, network: Any) -> None:
        self.asked = self.computed = 0
        self.errors: list[Any] = []
        """Relative L2 of what would have been foreseen, where it was computed; tensors, so that no step waits."""
        self.network = network
        self._hook = network.proj_out._diffusers_hook.get_hook("taylorseer_cache")
        self._reference = self._hook.fn_ref
        self._through = self._reference.original_forward
        self._reference.original_forward = self._computed
        self._handle = network.proj_out.register_forward_pre_hook(self._asked)

    def _asked(self, module: Any, arguments: Any) -> None:
        self.asked += 1

    def _computed(self, *arguments: Any, **named: Any) -> Any:
        self.computed += 1
        made = self._through(*arguments, **named)
        state = self._hook.state_manager.get_state()
        # slopes are known, and the next step may be left out
        if state.current_step > WARM_UP and len(state.taylor_factors.get(0, ())) > 1:
            foreseen = state.predict()[0]
            if foreseen.shape == made.shape:
                self.errors.append((foreseen - made).float().norm() / made.float().norm())
        return made

    def end(self) -> None:
        """Give the network back as it was, without the cache."""
        self._handle.remove()
        self._reference.original_forward = self._through
        self.network.disable_cache()


def _enable(network: Any) -> _Count:
    from diffusers import TaylorSeerCacheConfig

    network.enable_cache(
        TaylorSeerCacheConfig(
            cache_interval=INTERVAL, disable_cache_before_step=WARM_UP, use_lite_mode=True
        )
    )
    return _Count(network)
