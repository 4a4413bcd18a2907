"""Which language model is opened."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from shotwright.generator.errors import BadRequest
from shotwright.prompts.llm.model import Llm, LlmFailed, open_model


@pytest.mark.parametrize("name", ["gpt", ":x", "openai:", ""])
def test_a_name_is_a_provider_and_a_model(name: str) -> None:
    with pytest.raises(BadRequest) as caught:
        Llm(name)
    assert caught.value.field == "SHOTWRIGHT_LLM"
    assert "ollama:" in str(caught.value.allowed)


def test_only_the_first_colon_parts_the_name() -> None:
    llm = Llm("ollama:qwen3:4b")
    assert (llm.provider, llm.model) == ("ollama", "qwen3:4b")


def test_an_address_is_http() -> None:
    with pytest.raises(BadRequest) as caught:
        Llm("openai:x", "file:///etc/passwd")
    assert caught.value.field == "SHOTWRIGHT_LLM_BASE_URL"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("xai:grok", "pip install langchain-xai"),
        ("nosuch:model", "langchain cannot open"),
        ("gguf:/nowhere/model.gguf", "no GGUF file"),
    ],
)
def test_what_cannot_be_opened_says_why(name: str, why: str) -> None:
    with pytest.raises(LlmFailed, match=why):
        open_model(Llm(name))


@pytest.mark.skipif(find_spec("langchain_google_genai") is not None, reason="it is installed here")
def test_a_missing_package_names_the_extra() -> None:
    with pytest.raises(LlmFailed, match=r"shotwright\[google\]"):
        open_model(Llm("google_genai:gemini-2.5-flash"))


def test_naming_a_model_imports_no_langchain() -> None:
    code = (
        "import sys; import shotwright.prompts.llm as l; l.Llm('openai:x');"
        "import shotwright.prompts.rewriter;"
        "sys.exit(any(n.split('.')[0] in ('langchain', 'langchain_core', 'openai') for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
