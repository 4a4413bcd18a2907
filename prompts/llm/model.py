"""Which model writes, and how it is opened: a provider of langchain, any OpenAI-compatible address, or a GGUF file.

Knows no prompt.  langchain is imported inside the functions.
"""

import os
import secrets
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shotwright.generator.errors import BadRequest

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

GGUF = "gguf"
EXTRAS = {"google_genai": "google", GGUF: "gguf"}
"""Providers whose package is an extra of ours; openai, anthropic and ollama come with Shotwright."""
FORMATTED = ("ollama", GGUF)
"""Providers that hold every model to a JSON schema by grammar, whatever the model was trained for."""
_CLOSE = {"Connection": "close"}
_CLOSING: dict[str, dict[str, Any]] = {
    "openai": {"default_headers": _CLOSE},
    "anthropic": {"default_headers": _CLOSE},
    "ollama": {"client_kwargs": {"headers": _CLOSE}},
}
"""A question comes once in minutes: a connection kept open for the next would only go stale."""
CONTEXT_TOKENS = 16_384
"""Context of a GGUF model: a script of 20,000 letters, the schema and the answer."""


class LlmFailed(Exception):
    """The model gave nothing that can be used; the message says why, as a clause after "because"."""


@dataclass(frozen=True)
class Llm:
    """A model by `provider:model`, such as `anthropic:claude-sonnet-4-5`, `ollama:qwen3:4b`, `gguf:/models/qwen3.gguf`.

    base_url: another address of the provider's interface; with `openai:…` any OpenAI-compatible server.  api_key: None
    leaves it to the provider's own variable (OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_API_KEY).
    Raises: BadRequest for a name that is not `provider:model`, or an address that is none.
    """

    name: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        provider, _, model = self.name.partition(":")
        if not provider or not model:
            raise BadRequest(
                f"SHOTWRIGHT_LLM is {self.name!r}; name it provider:model, such as ollama:qwen3:4b.",
                field="SHOTWRIGHT_LLM",
                value=self.name,
                allowed="openai:…, anthropic:…, google_genai:…, ollama:…, gguf:/path/to/model.gguf",
                fix=f"SHOTWRIGHT_LLM=openai:{self.name.strip(':')}",
            )
        if self.base_url is not None and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise BadRequest(
                f"SHOTWRIGHT_LLM_BASE_URL is {self.base_url!r}; use an http or https address.",
                field="SHOTWRIGHT_LLM_BASE_URL",
                value=self.base_url,
                allowed="http://… or https://…",
                fix="SHOTWRIGHT_LLM_BASE_URL=http://localhost:11434/v1",
            )

    @property
    def provider(self) -> str:
        return self.name.partition(":")[0]

    @property
    def model(self) -> str:
        return self.name.partition(":")[2]


def open_model(llm: Llm) -> "BaseChatModel":
    """The model as langchain knows it; nothing is sent yet.

    Raises: LlmFailed when its package or file is missing, or langchain knows no such provider.
    """
    from langchain.chat_models import init_chat_model

    if llm.provider == GGUF:
        return _open_gguf(Path(llm.model).expanduser())
    options = dict(_CLOSING.get(llm.provider, {}))
    if llm.base_url is not None:
        options["base_url"] = llm.base_url
        # a server of one's own needs no key, and must not be shown the provider's
        options["api_key"] = llm.api_key or "none"
    elif llm.api_key is not None:
        options["api_key"] = llm.api_key
    try:
        opened: BaseChatModel = init_chat_model(llm.model, model_provider=llm.provider, **options)
    except ImportError as error:
        raise LlmFailed(_missing(llm.provider)) from error
    except ValueError as error:
        raise LlmFailed(
            f"langchain cannot open {llm.name}: {str(error).splitlines()[0]}"
        ) from error
    except Exception as error:  # each provider refuses a missing key with a class of its own
        raise LlmFailed(f"{llm.name} cannot be opened: {error}") from error
    return opened


def is_formatted(model: "BaseChatModel", llm: Llm) -> bool:
    """Whether an answer can be held to a JSON schema: the provider says so, or it is worth asking."""
    profile: dict[str, Any] = dict(getattr(model, "profile", None) or {})
    own_server = llm.provider == "openai" and llm.base_url is not None
    return bool(profile.get("structured_output")) or own_server or llm.provider in FORMATTED


def _missing(provider: str) -> str:
    if provider in EXTRAS:
        return f"its package is not installed; pip install 'shotwright[{EXTRAS[provider]}]'"
    return f"its package is not installed; pip install langchain-{provider.replace('_', '-')}"


def _open_gguf(path: Path) -> "BaseChatModel":
    """A GGUF file, served by llama.cpp inside this process on a loopback port of its own choice."""
    from langchain.chat_models import init_chat_model

    if not path.is_file():
        raise LlmFailed(f"there is no GGUF file {path}")
    with _LOADING:  # films are written side by side, the file is loaded once
        address, key = _serve_gguf(path)
    options = _CLOSING["openai"]
    opened: BaseChatModel = init_chat_model(
        path.stem, model_provider="openai", base_url=address, api_key=key, **options
    )
    return opened


@cache
def _serve_gguf(path: Path) -> tuple[str, str]:
    """Address and key of llama.cpp's server for a file; it lives as long as the process."""
    try:
        import xllamacpp
    except ImportError as error:
        raise LlmFailed(_missing(GGUF)) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames, params.port, params.ui = ["127.0.0.1"], 0, False
    key = secrets.token_hex(16)
    params.api_keys = [key]  # other programs of this machine reach the port as well
    params.n_ctx, params.n_parallel = CONTEXT_TOKENS, 1
    # with a thread on every core a loaded machine answered 30 times slower than with one
    params.cpuparams.n_threads = max(1, (os.cpu_count() or 1) - 1)
    params.verbosity = -1
    try:
        server = xllamacpp.Server(params)
    except Exception as error:  # llama.cpp's own, of no stated class
        raise LlmFailed(f"llama.cpp cannot load {path.name}: {error}") from error
    _SERVERS.append(server)
    return f"{server.listening_address}/v1", key


_LOADING = threading.Lock()
_SERVERS: list[Any] = []
"""Loaded models: a server ends when nothing refers to it."""
