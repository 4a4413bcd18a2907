"""Tiny random checkpoints of every family, saved once a session, and what is drawn in them."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    AutoencoderKLLTXVideo,
    AutoencoderKLWan,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    LTX2Pipeline,
    LTX2VideoTransformer3DModel,
    LTXPipeline,
    LTXVideoTransformer3DModel,
    SanaWMPipeline,
    SanaWMTransformer3DModel,
    SkyReelsV2DiffusionForcingPipeline,
    SkyReelsV2Transformer3DModel,
    UNet2DConditionModel,
    UniPCMultistepScheduler,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
    WanVACEPipeline,
    WanVACETransformer3DModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers import models as token_models
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModel,
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

from shotwright.generator.catalog import Card, FrameRule, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames

WORDS = 32
"""Width of the tiny text encoders."""
CHAT = "{% for m in messages %}{{ m['content'] }}{% endfor %}"


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def tokenizer(**settings: Any) -> PreTrainedTokenizerFast:
    """Bytes as tokens, with an end."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    vocabulary = {"<pad>": 0, "</s>": 1, "<unk>": 2, "<bos>": 3}
    vocabulary |= {letter: len(vocabulary) + i for i, letter in enumerate(sorted(alphabet))}
    made = Tokenizer(token_models.BPE(vocabulary, [], unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        bos_token="<bos>",
        **settings,
    )


def umt5() -> UMT5EncoderModel:
    config = UMT5Config(
        vocab_size=260, d_model=WORDS, d_kv=8, d_ff=64, num_layers=1, num_heads=4, pad_token_id=0
    )
    return UMT5EncoderModel(config).eval()


def wan_vae(**changes: Any) -> AutoencoderKLWan:
    settings = {
        "base_dim": 8,
        "z_dim": 16,
        "dim_mult": [1, 1, 1, 1],
        "num_res_blocks": 1,
        "temperal_downsample": [False, True, True],
    }
    return AutoencoderKLWan(**{**settings, **changes})


NETWORK: dict[str, Any] = {
    "patch_size": (1, 2, 2),
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "in_channels": 16,
    "out_channels": 16,
    "text_dim": WORDS,
    "freq_dim": 32,
    "ffn_dim": 64,
    "num_layers": 2,
    "cross_attn_norm": True,
    "rope_max_seq_len": 64,
}


def wan_parts(scheduler: Any = None, **network: Any) -> dict[str, Any]:
    flow = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    )
    return {
        "tokenizer": tokenizer(),
        "text_encoder": umt5(),
        "vae": wan_vae(),
        "scheduler": scheduler or flow,
        "transformer": WanTransformer3DModel(**{**NETWORK, **network}),
    }


def clip_eyes() -> dict[str, Any]:
    size = {"height": 28, "width": 28}
    config = CLIPVisionConfig(
        hidden_size=WORDS,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
    )
    processor = CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=size)
    return {"image_encoder": CLIPVisionModel(config).eval(), "image_processor": processor}


def wan_text() -> Any:
    return WanPipeline(**wan_parts())


def wan_two_experts() -> Any:
    low = WanTransformer3DModel(**NETWORK)
    return WanPipeline(**wan_parts(), transformer_2=low, boundary_ratio=0.875)


def wan_pictures() -> Any:
    """Of 2.2: masked latents, no CLIP, two experts."""
    low = WanTransformer3DModel(**{**NETWORK, "in_channels": 36})
    blind = {"image_encoder": None, "image_processor": None}
    return WanImageToVideoPipeline(
        **wan_parts(in_channels=36), **blind, transformer_2=low, boundary_ratio=0.9
    )


def wan_eyes() -> Any:
    """Of 2.1: masked latents beside what CLIP sees."""
    network = {"in_channels": 36, "image_dim": WORDS, "added_kv_proj_dim": 48}
    return WanImageToVideoPipeline(**wan_parts(**network), **clip_eyes())


def wan_ends() -> Any:
    """First and last picture of 2.1: CLIP sees both, (28 / 14) ** 2 + 1 tokens each."""
    network = {"in_channels": 36, "image_dim": WORDS, "added_kv_proj_dim": 48}
    return WanImageToVideoPipeline(**wan_parts(**network, pos_embed_seq_len=10), **clip_eyes())


def wan_vace() -> Any:
    parts = wan_parts()
    network = {**NETWORK, "vace_layers": [0, 1], "vace_in_channels": 96}
    return WanVACEPipeline(**{**parts, "transformer": WanVACETransformer3DModel(**network)})


def wan_timed() -> Any:
    """Of TI2V-5B's kind: a residual codec, 16 x 16 x 4, and per-token timesteps."""
    parts = wan_parts(FlowMatchEulerDiscreteScheduler(shift=3.0))
    parts["vae"] = wan_vae(
        is_residual=True,
        in_channels=12,
        out_channels=12,
        patch_size=2,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
    )
    return WanPipeline(**parts, expand_timesteps=True)


def skyreels() -> Any:
    parts = wan_parts()
    network = {**NETWORK, "inject_sample_info": False}
    parts["transformer"] = SkyReelsV2Transformer3DModel(**network)
    return SkyReelsV2DiffusionForcingPipeline(**parts)


def ltx() -> Any:
    config = T5Config(vocab_size=260, d_model=WORDS, d_kv=8, d_ff=64, num_layers=1, num_heads=4)
    return LTXPipeline(
        tokenizer=tokenizer(),
        text_encoder=T5EncoderModel(config).eval(),
        transformer=LTXVideoTransformer3DModel(
            in_channels=8,
            out_channels=8,
            patch_size=1,
            patch_size_t=1,
            num_attention_heads=4,
            attention_head_dim=8,
            cross_attention_dim=32,
            num_layers=2,
            caption_channels=WORDS,
        ),
        vae=AutoencoderKLLTXVideo(
            latent_channels=8,
            block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_layers_per_block=(1, 1, 1, 1, 1),
            spatio_temporal_scaling=(True, True, True, False),
            decoder_spatio_temporal_scaling=(True, True, True, False),
            decoder_inject_noise=(False, False, False, False, False),
            upsample_residual=(False, False, False, False),
            upsample_factor=(1, 1, 1, 1),
            timestep_conditioning=True,
            patch_size=1,
            patch_size_t=1,
            encoder_causal=True,
            decoder_causal=False,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )


def ltx2_vae() -> AutoencoderKLLTX2Video:
    return AutoencoderKLLTX2Video(
        latent_channels=4,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, True, True),
        decoder_spatio_temporal_scaling=(True, True, True),
        decoder_inject_noise=(False, False, False, False),
        downsample_type=("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        upsample_residual=(True, True, True),
        upsample_factor=(2, 2, 2),
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
        timestep_conditioning=False,
        patch_size=4,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )


def gemma3() -> Gemma3ForConditionalGeneration:
    text = {
        "vocab_size": 262,
        "hidden_size": WORDS,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "sliding_window": 64,
        "max_position_embeddings": 512,
    }
    eyes = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    config = Gemma3Config(
        text_config=text,
        vision_config=eyes,
        mm_tokens_per_image=4,
        image_token_index=260,
        boi_token_index=261,
        eoi_token_index=261,
    )
    return Gemma3ForConditionalGeneration(config).eval()


def ltx2() -> Any:
    encoder = gemma3()
    layers = encoder.config.text_config.num_hidden_layers
    audio = AutoencoderKLLTX2Audio(
        base_channels=4,
        output_channels=2,
        ch_mult=(1,),
        num_res_blocks=1,
        attn_resolutions=None,
        in_channels=2,
        resolution=32,
        latent_channels=2,
        norm_type="pixel",
        causality_axis="height",
        dropout=0.0,
        mid_block_add_attention=False,
        sample_rate=16000,
        mel_hop_length=160,
        is_causal=True,
        mel_bins=8,
    )
    connector = {"num_attention_heads": 4, "attention_head_dim": 8, "num_layers": 1}
    return LTX2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=ltx2_vae(),
        audio_vae=audio,
        text_encoder=encoder,
        tokenizer=tokenizer(padding_side="left"),
        connectors=LTX2TextConnectors(
            caption_channels=WORDS,
            text_proj_in_factor=layers + 1,
            **{f"video_connector_{name}": value for name, value in connector.items()},
            **{f"audio_connector_{name}": value for name, value in connector.items()},
            video_connector_num_learnable_registers=None,
            audio_connector_num_learnable_registers=None,
            connector_rope_base_seq_len=32,
            rope_theta=10000.0,
            rope_double_precision=False,
            causal_temporal_positioning=False,
            rope_type="split",
        ),
        transformer=LTX2VideoTransformer3DModel(
            in_channels=4,
            out_channels=4,
            num_attention_heads=2,
            attention_head_dim=8,
            cross_attention_dim=16,
            audio_in_channels=4,
            audio_out_channels=4,
            audio_num_attention_heads=2,
            audio_attention_head_dim=4,
            audio_cross_attention_dim=8,
            num_layers=2,
            caption_channels=WORDS,
            rope_double_precision=False,
            rope_type="split",
        ),
        vocoder=LTX2Vocoder(
            in_channels=audio.config.output_channels * audio.config.mel_bins,
            hidden_channels=32,
            out_channels=2,
            upsample_kernel_sizes=[4, 4],
            upsample_factors=[2, 2],
            resnet_kernel_sizes=[3],
            resnet_dilations=[[1, 3, 5]],
            leaky_relu_negative_slope=0.1,
            output_sampling_rate=16000,
        ),
    )


def sana_wm() -> Any:
    config = Gemma2Config(
        vocab_size=260,
        hidden_size=WORDS,
        intermediate_size=37,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=8192,
    )
    return SanaWMPipeline(
        tokenizer=tokenizer(),
        text_encoder=Gemma2ForCausalLM(config).eval(),
        vae=ltx2_vae(),
        transformer=SanaWMTransformer3DModel(
            in_channels=4,
            num_layers=2,
            hidden_size=64,
            num_attention_heads=2,
            softmax_every_n=2,
            linear_head_dim=32,
            caption_channels=WORDS,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )


def picture_vae(**changes: Any) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=[8, 8],
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        norm_num_groups=4,
        **changes,
    )


def kolors(folder: Path) -> Any:
    import sentencepiece

    family = import_module("shotwright.generator.pipelines.kolors")  # first: it quietens a warning
    parts = import_module("diffusers.pipelines.kolors")
    chat = import_module("diffusers.pipelines.kolors.text_encoder")
    words = [
        "a",
        "red",
        "ball",
        "rolls",
        "over",
        "the",
        "hills",
        "by",
        "day",
        "一",
        "个",
        "红",
        "球",
        "滚",
        "过",
        "山",
    ]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(words)] * 20),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=40,
        model_type="char",
        minloglevel=2,
    )
    config = chat.ChatGLMConfig(
        num_layers=2,
        padded_vocab_size=80,
        hidden_size=8,
        ffn_hidden_size=16,
        kv_channels=4,
        num_attention_heads=2,
        seq_length=256,
        rmsnorm=True,
        add_qkv_bias=True,
        multi_query_attention=True,
        multi_query_group_num=1,
        original_rope=True,
        use_cache=True,
        torch_dtype=torch.float32,
    )
    encoder = parts.ChatGLMModel(config, empty_init=False).eval()
    for tensor in encoder.parameters():
        # some are made of whatever lay in memory
        torch.nn.init.normal_(tensor, std=0.1)
    return family.KolorsPipeline(
        vae=picture_vae(latent_channels=4, scaling_factor=0.13),
        text_encoder=encoder,
        tokenizer=parts.ChatGLMTokenizer(str(folder / "tokenizer.model")),
        unet=UNet2DConditionModel(
            block_out_channels=(2, 4),
            layers_per_block=1,
            sample_size=32,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            transformer_layers_per_block=(1, 1),
            projection_class_embeddings_input_dim=56,
            cross_attention_dim=8,
            norm_num_groups=1,
        ),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            steps_offset=1,
            beta_schedule="scaled_linear",
            timestep_spacing="leading",
        ),
    )


def z_image() -> Any:
    network = ZImageTransformer2DModel(
        in_channels=16,
        dim=32,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=16,
        rope_theta=256.0,
        axes_dims=[8, 4, 4],
        axes_lens=[256, 32, 32],
    )
    for name in ("x_pad_token", "cap_pad_token"):
        # they are made of whatever lay in memory
        torch.nn.init.ones_(getattr(network, name))
    config = Qwen3Config(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        vocab_size=260,
        max_position_embeddings=512,
    )
    return ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=picture_vae(latent_channels=16, scaling_factor=0.36, shift_factor=0.12),
        text_encoder=Qwen3Model(config).eval(),
        tokenizer=tokenizer(chat_template=CHAT),
        transformer=network,
    )


MAKERS: dict[str, Callable[..., Any]] = {
    "wan_text": wan_text,
    "wan_two_experts": wan_two_experts,
    "wan_pictures": wan_pictures,
    "wan_eyes": wan_eyes,
    "wan_ends": wan_ends,
    "wan_vace": wan_vace,
    "wan_timed": wan_timed,
    "skyreels": skyreels,
    "ltx": ltx,
    "ltx2": ltx2,
    "sana_wm": sana_wm,
    "kolors": kolors,
    "z_image": z_image,
}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny checkpoint, built when it is first asked for."""
    built: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in built:
            torch.manual_seed(0)
            path = tmp_path_factory.mktemp(name)
            pipeline = kolors(path) if name == "kolors" else MAKERS[name]()
            pipeline.save_pretrained(path / "weights")
            built[name] = path / "weights"
        return built[name]

    return folder


@pytest.fixture(scope="session")
def card_of(tiny: Callable[[str], Path]) -> Callable[..., Card]:
    """A card of a tiny checkpoint."""

    def card(name: str, **changes: Any) -> Card:
        settings: dict[str, Any] = {
            "name": name,
            "family": name.partition("_")[0] if name.startswith("wan") else name,
            "source": str(tiny(name)),
            "frames": FrameRule(4, 1, 1, 33, 9),
            "still_frames": 1,
            "max_tokens": 256 if name == "kolors" else 16,
        }
        return replace(load_catalog().default, **{**settings, **changes})

    return card


@pytest.fixture(scope="session")
def spec_of() -> Callable[..., ClipSpec]:
    """A spec of two steps and nine frames."""

    def spec(model: str, **changes: Any) -> ClipSpec:
        settings: dict[str, Any] = {
            "model": model,
            "prompt": "a red ball",
            "negative_prompt": "",
            "width": 32,
            "height": 32,
            "frames": 9,
            "fps": 8,
            "seed": 1,
            "steps": 2,
            "guidance": 3.0,
        }
        return ClipSpec(**{**settings, **changes})

    return spec


@pytest.fixture(scope="session")
def clip() -> Frames:
    """Nine frames of 32x32, smooth and moving, so that codecs keep them apart."""
    rows, columns = np.mgrid[0:32, 0:32]
    waves = [
        np.stack(
            [np.sin((columns + 3 * n) / 5), np.cos(rows / 7), np.sin((rows + columns) / 9)], -1
        )
        for n in range(9)
    ]
    return np.asarray((np.stack(waves) * 100 + 128).astype(np.uint8))
