"""Prompts as a text encoder reads them, kept on disk, so that the encoder need not stay loaded.

Knows a pipeline's `encode_prompt` and the names of what it answers; nothing of what is drawn from it.
"""

import gc
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from shotwright.generator.pipelines.loading import variant_of

MOST_KEPT = 4096
"""Prompts on disk; some 4 MB each."""


class Embeddings:
    """What a pipeline's text encoder makes of prompts, from the disk where they were read before."""

    def __init__(
        self, folder: Path, weights: Path, names: Sequence[str], *, dtype: torch.dtype
    ) -> None:
        """folder: the cache; weights: of the checkpoint, whose encoder is loaded when a prompt is new; names: of what
        `encode_prompt` answers, in its order, as the pipeline's call takes them."""
        self.folder, self.weights, self.names, self.dtype = folder, weights, tuple(names), dtype

    def of(
        self, pipeline: Any, prompt: str, negative: str, *, device: str, **reading: Any
    ) -> dict[str, Tensor]:
        """The arguments that stand for prompt and negative prompt, on `device`; reading: see `ahead`."""
        self.ahead(pipeline, [(prompt, negative)], **reading)
        path = self._path(prompt, negative, reading)
        os.utime(path)
        return {name: tensor.to(device) for name, tensor in load_file(path).items()}

    def ahead(self, pipeline: Any, pairs: Iterable[tuple[str, str]], **reading: Any) -> None:
        """Read those of the prompts (prompt, negative) that are new, the encoder loaded once for all of them.

        pipeline: of which the text encoder may be None; reading: `reader`, the device to read on, and further
        arguments of `encode_prompt`.
        """
        places = {self._path(*pair, reading): pair for pair in pairs}
        missing = {path: pair for path, pair in places.items() if not path.is_file()}
        if not missing:
            return
        settings = {name: value for name, value in reading.items() if name != "reader"}
        device = torch.device(reading["reader"])
        with self._encoder_in(pipeline, device), torch.no_grad():
            for path, (prompt, negative) in missing.items():
                answers = pipeline.encode_prompt(
                    prompt=prompt, negative_prompt=negative, device=device, **settings
                )
                found = zip(self.names, answers, strict=True)
                self._write(path, {name: value.cpu() for name, value in found if value is not None})

    @contextmanager
    def _encoder_in(self, pipeline: Any, device: torch.device) -> Iterator[None]:
        """The pipeline with a text encoder, which leaves again where it was not there before."""
        if pipeline.text_encoder is not None:
            yield
            return
        pipeline.text_encoder = self._encoder().to(device)
        try:
            yield
        finally:
            pipeline.text_encoder = None
            gc.collect()
            if device.type == "cuda":
                torch.cuda.empty_cache()

    def _encoder(self) -> Any:
        import transformers
        from diffusers.pipelines import kolors

        # not its own config.json: repositories keep there what the encoder was cut from
        index = json.loads((self.weights / "model_index.json").read_text("utf-8"))
        name = index["text_encoder"][1]
        found = getattr(transformers, name, None) or getattr(kolors, name)
        return found.from_pretrained(
            self.weights / "text_encoder",
            dtype=self.dtype,
            variant=variant_of(self.weights / "text_encoder"),
            use_safetensors=True,
            local_files_only=True,
        ).eval()

    def _write(self, path: Path, tensors: dict[str, Tensor]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = sorted(self.folder.glob("*.safetensors"), key=lambda p: p.stat().st_mtime)
        for old in kept[: max(0, len(kept) - MOST_KEPT + 1)]:
            old.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        os.close(handle)
        try:
            save_file({key: value.contiguous() for key, value in tensors.items()}, name)
            os.replace(name, path)
        except BaseException:  # of which a full disk is one
            os.unlink(name)
            raise

    def _path(self, prompt: str, negative: str, reading: Mapping[str, Any]) -> Path:
        """Named after all that the answer depends on; the encoder by its files."""
        settings = sorted((name, value) for name, value in reading.items() if name != "reader")
        encoder = sorted((self.weights / "text_encoder").glob("*"))
        told = [
            [prompt, negative, settings, str(self.dtype)],
            [[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in encoder],
            [str(self.weights), self.names],
        ]
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        return self.folder / f"{digest}.safetensors"
