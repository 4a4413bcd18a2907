"""One question to the model in a bounded time: a JSON object that passes the asker's check, or `LlmFailed` with the
reason.

Structured output where the model has it; else the schema in words and a parser.  Either way one turn to repair what
does not hold.  Knows neither plans nor prompts.  Try: python -m pytest tests/prompts/llm/test_ask.py
"""

import asyncio
import json
import logging
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from shotwright.prompts import texts
from shotwright.prompts.llm.answers import keep, kept, key_of
from shotwright.prompts.llm.model import Llm, LlmFailed, is_formatted, open_model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

LOG = logging.getLogger(__name__)
T = TypeVar("T")
V = TypeVar("V")

DIRECT_S = 40.0
"""What an LLM has in a call that somebody waits for; hosts give up after 60 s."""
WATCH_S = 0.2
REFUSES_FORMAT = (400, 404, 405, 415, 422, 501)
"""How servers that know no structured output answer a request for it."""


class Unfit(Exception):
    """An answer that does not hold; the message tells the model what to repair."""


@dataclass(frozen=True)
class Question:
    """system: what to do and how; about: the user's material, sent as JSON, so that nothing in it ends it early;
    schema: of the answer, with a title.
    """

    system: str
    about: dict[str, Any]
    schema: dict[str, Any]


Read = Callable[[dict[str, Any], bool], T]
"""Makes the result of an answer, or raises Unfit.

The flag says whether it is the last: then mend what can be mended.
"""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """turns: 1, or 2 with a repair; 0 where the same question was answered before."""

    value: T
    turns: int
    seconds: float


@dataclass(frozen=True)
class Writer:
    """The LLM that is set, and its bounds.

    seconds: in all, the loading of the provider's package included; answers: folder of earlier answers by content,
    so that the same question is not asked twice; watch: called while waiting, raises to give up.
    """

    llm: Llm
    seconds: float = DIRECT_S
    answers: Path | None = None
    watch: Callable[[], None] | None = None


def ask(writer: Writer, question: Question, read: "Read[T]") -> Answer[T]:
    """Ask and wait.  Raises: LlmFailed, and what `watch` raises."""
    llm, answers = writer.llm, writer.answers
    began = time.monotonic()
    key = key_of(llm.name, llm.base_url, question.system, question.about, question.schema)
    if answers is not None and (earlier := kept(answers, key)) is not None:
        try:
            return Answer(read(earlier, True), 0, 0.0)
        except Unfit:  # of an older version, which took more
            LOG.info("an earlier answer of %s does not hold any more; asking again", llm.name)
    work = _bounded(_Talk(llm, question), read, writer.seconds)
    value, data, turns = _waited(asyncio.run_coroutine_threadsafe(work, _loop()), writer.watch)
    if answers is not None:
        keep(answers, key, data)
    taken = time.monotonic() - began
    LOG.info("%s answered in %.1f s and %d turns", llm.name, taken, turns)
    return Answer(value, turns, round(taken, 2))


def _waited(future: "Future[V]", watch: Callable[[], None] | None) -> V:
    """The future's result; while it is not there, `watch` may end the waiting and the work."""
    try:
        while True:
            if watch is not None:
                watch()
            if wait([future], timeout=None if watch is None else WATCH_S).done:
                return future.result()
    except BaseException:
        future.cancel()
        raise


async def _bounded(talk: "_Talk", read: "Read[T]", seconds: float) -> tuple[T, dict[str, Any], int]:
    try:
        async with asyncio.timeout(seconds):
            return await talk.through(read)
    except TimeoutError as error:
        raise LlmFailed(f"it did not answer within {seconds:g} s") from error


class _Talk:
    """The conversation about one question: at most one repair."""

    def __init__(self, llm: Llm, question: Question) -> None:
        self.llm, self.question = llm, question
        self.formatted = False
        self.model: BaseChatModel

    async def through(self, read: "Read[T]") -> tuple[T, dict[str, Any], int]:
        """(result, the answer that it was made of, turns)."""
        # importing a provider takes a second or two, loading a GGUF file longer: not on the loop
        self.model = await asyncio.to_thread(open_model, self.llm)
        self.formatted = is_formatted(self.model, self.llm)
        from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

        schema = json.dumps(self.question.schema, ensure_ascii=False)
        form = texts.load("llm_form").replace("{schema}", schema)
        messages: list[BaseMessage] = [
            SystemMessage(f"{self.question.system}\n{form}"),
            HumanMessage(json.dumps(self.question.about, ensure_ascii=False)),
        ]
        problem = ""
        for turn in (1, 2):
            said = await self._say(messages)
            try:
                data = json_object(said)
                return read(data, turn == 2), data, turn
            except Unfit as error:
                problem = str(error)
                repair = texts.load("llm_repair").replace("{problem}", problem)
                messages += [AIMessage(said or "(nothing)"), HumanMessage(repair)]
        raise LlmFailed(f"its answer does not hold, repaired once: {problem}")

    async def _say(self, messages: "list[BaseMessage]") -> str:
        while True:
            try:
                if self.formatted:
                    bound = self.model.with_structured_output(
                        self.question.schema, method="json_schema", include_raw=True
                    )
                    reply = await bound.ainvoke(messages)
                    return str(reply["raw"].text)  # type: ignore[index]
                return str((await self.model.ainvoke(messages)).text)
            except Exception as error:  # each provider has a tree of errors of its own
                status = getattr(error, "status_code", None)
                if self.formatted and (
                    status in REFUSES_FORMAT or isinstance(error, NotImplementedError)
                ):
                    LOG.info("%s takes no JSON schema (%s); asking in words", self.llm.name, status)
                    self.formatted = False
                    continue
                raise LlmFailed(_reason(error)) from error


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in an answer: thoughts, fences and talk around it are passed over.

    Raises: Unfit where there is none, or it is cut off.
    """
    text = re.sub(r"(?s)^.*?</think>", "", text)
    start = text.find("{")
    if start < 0:
        raise Unfit("The answer holds no JSON object.")
    try:
        data = json.JSONDecoder().raw_decode(text, start)[0]
    except (ValueError, RecursionError) as error:
        raise Unfit(f"The answer is not whole JSON: {error}.") from error
    assert isinstance(data, dict)
    return data


def _reason(error: Exception) -> str:
    """Why a call failed, in a clause that shows no key."""
    status = getattr(error, "status_code", None)
    said = " ".join(str(getattr(error, "message", None) or error).split())[:200]
    said = re.sub(r"\b(?:sk|key)-[\w-]{6,}", "…", said)
    if status == 429:
        return f"it has too much to do (429): {said}"
    if status in (401, 403):
        return f"it does not take the key ({status}); set SHOTWRIGHT_LLM_API_KEY"
    if isinstance(status, int):
        return f"it answered {status}: {said}"
    if type(error).__name__ == "LengthFinishReasonError":
        return "its answer was cut off at its own limit of length"
    return f"{type(error).__name__}: {said or 'no reason given'}"


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for the life of the process: the providers share their HTTP clients between calls, and those belong
    to it.

    Nobody waits for its threads, so that a file that loads for minutes holds up no answer.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="llm", daemon=True).start()
    return loop
