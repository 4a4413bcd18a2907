"""The embedded model while it learns: text table and transformer together, its loss, and how it is saved.

The transformer is diffusers' own class; two of its parts are exchanged for the time of the training: attention by
plain matrix products (24 % less time a step on a CPU core than the fused kernel's backward pass), and positions that
may skip frames.  What is saved is stock.
"""

import copy
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLWan,
    FlowMatchEulerDiscreteScheduler,
    WanPipeline,
    WanTransformer3DModel,
)
from torch import Tensor, nn
from torch.nn import functional

from shotwright.generator.mini import text
from shotwright.generator.mini.data import TOKEN_ID
from shotwright.generator.mini.recipe import Recipe

SUBJECT_WEIGHT = 6.0
GUIDE_BLOCK = 1
"""The block after which tokens are asked where they look."""
GUIDES = 18
"""Numbers a token that `world.coordinates` knows."""
SHIFT = 3.0
"""Of the sampling schedule: more steps at high noise, where layout and motion are settled."""


class Attention:
    """Wan's attention by matrix products; q, k, v (batch, tokens, width)."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key = attn.norm_q(attn.to_q(hidden_states)), attn.norm_k(attn.to_k(context))
        value = attn.to_v(context)
        query, key, value = (x.view(*x.shape[:2], attn.heads, -1) for x in (query, key, value))
        if rotary_emb is not None:
            query, key = _rotate(query, *rotary_emb), _rotate(key, *rotary_emb)
        b, n, heads, width = query.shape
        query, key, value = (
            x.to(value.dtype).transpose(1, 2).reshape(b * heads, -1, width)
            for x in (query * width**-0.5, key, value)
        )
        share = torch.bmm(query, key.transpose(1, 2)).softmax(-1)
        out = torch.bmm(share.to(value.dtype), value).view(b, heads, n, width)
        out = attn.to_out[0](out.transpose(1, 2).flatten(2))
        return torch.Tensor.to(attn.to_out[1](out), hidden_states.dtype)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of interleaved pairs; cos, sin: (1, tokens, 1, width), each value twice."""
    even, odd = x.view(*x.shape[:-1], -1, 2).unbind(-1)
    cos, sin = cos[..., 0::2].to(x.dtype), sin[..., 0::2].to(x.dtype)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Positions(nn.Module):
    """The transformer's own rotary positions, for those frames of a clip that are shown."""

    def __init__(self, whole: nn.Module) -> None:
        super().__init__()
        self.whole = whole
        self.frames = 1
        self.moments: tuple[int, ...] = (0,)

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        cos, sin = self.whole(hidden[:1, :, :1].expand(-1, -1, self.frames, -1, -1))
        chosen = list(self.moments)
        tokens = (1, self.frames, -1, 1, cos.shape[-1])
        cos, sin = (table.view(tokens)[:, chosen].flatten(1, 2) for table in (cos, sin))
        return cos, sin


class Network(nn.Module):
    """Text table, transformer, and a head that is thrown away: it asks the tokens of an early block where in the world
    they look, which drawn scenes know.  At equal time (7 CPU minutes) the held-out loss was .839 with it and .865
    without, and a wrong camera word raised it by .8 % instead of .4 %.  Idea: representation alignment (Yu et al.
    2024), with the truth in the place of another network's features.
    """

    def __init__(self, recipe: Recipe, channels: int) -> None:
        super().__init__()
        self.text = text.build_encoder(len(TOKEN_ID) + 2)
        self.transformer = WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=recipe.heads,
            attention_head_dim=recipe.width // recipe.heads,
            in_channels=channels,
            out_channels=channels,
            text_dim=text.WIDTH,
            freq_dim=128,
            ffn_dim=recipe.ffn,
            num_layers=recipe.layers,
            cross_attn_norm=True,
            rope_max_seq_len=64,
        )
        self.guide = nn.Sequential(
            nn.LayerNorm(recipe.width),
            nn.Linear(recipe.width, recipe.width),
            nn.GELU(),
            nn.Linear(recipe.width, GUIDES),
        )
        self.positions = Positions(self.transformer.rope)
        self.transformer.rope = self.positions
        for block in self.transformer.blocks:
            block.attn1.processor = block.attn2.processor = Attention()
        for layer in (self.transformer.proj_out, self.transformer.condition_embedder.time_proj):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self._seen: Tensor | None = None
        self.transformer.blocks[GUIDE_BLOCK].register_forward_hook(self._remember)

    def _remember(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        self._seen = output

    def show(self, frames: int, moments: tuple[int, ...]) -> None:
        """Say which latent frames, of a clip that has `frames` of them, the next inputs are."""
        self.positions.frames, self.positions.moments = frames, moments

    def forward(self, noisy: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
        """Velocity (batch, channels, frames, h, w); ids 0 are padding: zero vectors, as the pipelines make them."""
        embedded = self.text(ids).last_hidden_state * (ids > 0)[..., None]
        padded = functional.pad(embedded, (0, 0, 0, text.MAX_TOKENS - ids.shape[1]))
        with torch.autocast(noisy.device.type, torch.bfloat16):
            velocity = self.transformer(noisy, timesteps, padded, return_dict=False)[0]
        return torch.Tensor.float(velocity)

    def looks(self) -> Tensor:
        """Where the tokens of the last forward pass say they look: (batch, tokens, 18)."""
        assert self._seen is not None
        answer: Tensor = self.guide(self._seen.float())
        return answer


def flow_loss(
    network: Network,
    clean: Tensor,
    share: Tensor,
    ids: Tensor,
    free: Tensor,
    sigma: Tensor,
    subject_weight: float = SUBJECT_WEIGHT,
) -> Tensor:
    """Flow-matching loss a clip, velocity = noise - clean, on generated latents only.

    free: (batch, 1, frames, 1, 1), 1 where a latent frame is generated, 0 where it is given clean at timestep 0.
    Source: rectified flow (Liu et al. 2022), per-token timesteps as in Wan 2.2 TI2V.
    """
    noise = torch.randn_like(clean)
    s = sigma.view(-1, 1, 1, 1, 1) * free  # (batch, 1, frames, 1, 1)
    noisy = (1 - s) * clean + s * noise
    rows, columns = clean.shape[-2] // 2, clean.shape[-1] // 2
    timesteps = (s * 1000).expand(-1, -1, -1, rows, columns).flatten(1)
    weight = (1 + subject_weight * share) * free
    error = (network(noisy, timesteps, ids) - (noise - clean)) ** 2 * weight
    loss: Tensor = error.sum((1, 2, 3, 4)) / (weight.sum((1, 2, 3, 4)) * clean.shape[1])
    return loss


def assemble(network: Network, vae: AutoencoderKLWan, folder: Path) -> None:
    """Save the stock pipeline in half precision, with the scheduler that sampling uses."""
    transformer = WanTransformer3DModel.from_config(network.transformer.config)
    # a loaded codec's configuration names the folder that it came from, a path of this machine
    settings = {k: v for k, v in vae.config.items() if not k.startswith("_")}
    shipped = AutoencoderKLWan.from_config(settings)
    shipped.load_state_dict(vae.state_dict())
    kept = {
        name: weight
        for name, weight in network.transformer.state_dict().items()
        if not name.startswith("rope.")
    }
    transformer.load_state_dict(kept, strict=False)
    pipeline = WanPipeline(
        tokenizer=text.build_tokenizer(),
        text_encoder=copy.deepcopy(network.text).half(),
        transformer=transformer.half(),
        vae=shipped.half(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT),
        expand_timesteps=True,
    )
    save_whole(pipeline, folder)


def save_whole(thing: Any, folder: Path) -> None:
    """Save beside `folder` and swap it in, so that a kill leaves the old folder or the new one, never a half."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    thing.save_pretrained(fresh)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
