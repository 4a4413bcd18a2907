"""An engine elsewhere that speaks `/v1/videos` (SGLang-diffusion, vLLM-Omni): asked over HTTP, watched, fetched.

Its pins of torch and diffusers are its own, so it is never imported.  A card of the family `engine` names its address
as source.  Knows the wire format, and what that format has no word for: such things are refused.
Try: python -m pytest tests/generator/pipelines/test_engine.py
"""

import io
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest, RenderFailed
from shotwright.generator.frames import Frames, Given, Picture
from shotwright.generator.pipelines import OnFrames, OnStep

POLL_S = 0.5
RETRIES = 4
"""Of a request that failed on the way, each a little later than the last."""
REQUEST_S = 30.0
CANCEL_S = 5.0
"""A cancelled job is told to an engine once, and not waited for."""
LONGEST_S = 3600.0
"""Of one clip."""
ANSWERING = (429, 502, 503, 504)
"""Answers that say: not now."""
UNTAKEN = (429, 503)
"""Those of them after which a submission can be sent again: behind another gateway's error it may have been taken."""
ENDED = ("completed", "failed", "cancelled", "canceled", "error", "expired")


class HttpEngine:
    """A program at an address that makes videos."""

    def __init__(
        self,
        card: Card,
        *,
        device: str,
        models: Path,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """device, models: of no use here.  wait: sleeps so many seconds."""
        self.card, self._sleep = card, wait
        self.settings = dict(card.pipeline)
        self.model = self.settings.pop("model", None)
        self.longest_s = float(self.settings.pop("longest_s", LONGEST_S))
        self._facts: dict[str, Any] = {}
        self._look: Callable[[], None] = lambda: None
        """Called before every wait; raises what ends the rendering."""
        try:
            self.client = httpx.Client(base_url=card.source.rstrip("/"), timeout=REQUEST_S)
        except httpx.InvalidURL as error:
            raise BadRequest(
                f"the source of {card.name} is no address of an engine: {error}.",
                field="source",
                value=card.source,
                allowed="http://… or https://…",
                fix="mend the card's source",
            ) from error

    def render(
        self, spec: ClipSpec, given: Given, on_step: OnStep, on_frames: OnFrames | None = None
    ) -> Frames:
        """See `Engine.render`: submit, watch, fetch.  What `on_step` raises cancels the job there."""
        self.check(spec, given)
        shown = 0

        def tell(step: int) -> None:
            nonlocal shown
            shown = min(max(shown, step), spec.steps)
            on_step("denoising", shown, spec.steps)

        tell(0)
        self._look = lambda: tell(0)
        try:
            job = self._submit(spec, given)
            try:
                ended = self._watch(job, spec, tell)
                on_step("decoding", 0, 1)
                frames = self._fetch(job, spec)
            except BaseException:
                self._cancel(job)
                raise
        finally:
            self._look = lambda: None
        self._facts = {
            name: ended[name] for name in ("inference_time_s", "peak_memory_mb") if name in ended
        }
        return frames

    def check(self, spec: ClipSpec, given: Given) -> None:
        """Raises BadRequest for what `/v1/videos` has no field for."""
        wanted = {
            "last_image": bool(set(given.stills) - {0}),
            "video": given.prefix is not None or given.guide is not None,
            "camera": bool(given.path or given.moves),
            "quality": spec.refine > 0 or bool(spec.loras),
        }
        for field, asked in wanted.items():
            if asked:
                raise BadRequest(
                    f"the engine of {self.card.name} takes words and a first picture; /v1/videos has no field for "
                    f"{field}.",
                    code="unsupported_mode",
                    field=field,
                    allowed=["text", "first"],
                    fix=f"leave {field} out, or choose a model that runs here",
                )

    def read_ahead(self, specs: Sequence[ClipSpec]) -> None:
        """Nothing: the engine there has its own encoder."""

    def reconstruct(self, picture: Picture) -> Picture:
        """The picture itself: its codec cannot be asked."""
        return picture

    def told(self) -> dict[str, Any]:
        """See `Engine.told`."""
        return {"engine": str(self.client.base_url), **self._facts}

    @property
    def bytes_held(self) -> int:
        return 0

    def close(self) -> None:
        self.client.close()

    # The wire

    def _submit(self, spec: ClipSpec, given: Given) -> str:
        fields = {
            **({"model": self.model} if self.model else {}),
            "prompt": spec.prompt,
            "negative_prompt": spec.negative_prompt,
            "size": f"{spec.width}x{spec.height}",
            "seconds": f"{spec.frames / spec.fps:g}",
            "num_frames": str(spec.frames),
            "fps": str(spec.fps),
            "seed": str(spec.seed),
            "num_inference_steps": str(spec.steps),
            "guidance_scale": f"{spec.guidance:g}",
            **{name: str(value) for name, value in self.settings.items()},
        }
        files = {name: (None, value.encode(), None) for name, value in fields.items()}
        if 0 in given.stills:
            files["input_reference"] = ("first.png", _png(given.stills[0]), "image/png")  # type: ignore[assignment]
        answer = self._ask("POST", "/v1/videos", files=files)
        if not answer.get("id"):
            raise self._unusable("a job without an id")
        return str(answer["id"])

    def _watch(self, job: str, spec: ClipSpec, tell: Callable[[int], None]) -> dict[str, Any]:
        until = time.monotonic() + self.longest_s
        while time.monotonic() < until:
            answer = self._ask("GET", f"/v1/videos/{job}")
            if answer.get("status") == "completed":
                return answer
            if answer.get("status") in ENDED:
                reason = answer.get("error") or {}
                message = reason.get("message") if isinstance(reason, dict) else reason
                raise RenderFailed(
                    f"the engine of {self.card.name} {answer['status']}: {message or 'no reason given'}",
                    fix="see the engine's log",
                )
            if "status" not in answer:
                raise self._unusable("a job without a status")
            tell(_steps(answer.get("progress"), spec.steps))
            self._sleep(POLL_S)
        raise RenderFailed(
            f"the engine of {self.card.name} was not done after {self.longest_s:g} s.",
            fix="raise longest_s in the card's [pipeline], or ask for a shorter clip",
        )

    def _fetch(self, job: str, spec: ClipSpec) -> Frames:
        from shotwright.generator.encode import read_video

        content = self._send("GET", f"/v1/videos/{job}/content").content
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.mp4"
            path.write_bytes(content)
            try:
                clip = read_video(path, max_frames=spec.frames + 64, max_pixels=2**25).frames
            except BadRequest as error:
                raise self._unusable(f"a file that is no video ({error.message})") from error
        # engines that round to their own frame rule make a few more
        if clip.shape[1:3] != (spec.height, spec.width) or len(clip) != spec.frames:
            raise self._unusable(
                f"{len(clip)} frames of {clip.shape[2]}x{clip.shape[1]}, asked were {spec.frames} of "
                f"{spec.width}x{spec.height}",
                fix="mend the card's sizes and frame rule for this engine",
            )
        return clip

    def _unusable(
        self, what: str, *, fix: str = "check the card's source, or see the engine's log"
    ) -> RenderFailed:
        return RenderFailed(
            f"the engine of {self.card.name} answered {what}.",
            fix=fix,
            retryable=False,
        )

    def _cancel(self, job: str) -> None:
        try:
            self.client.delete(f"/v1/videos/{job}", timeout=CANCEL_S)
        except httpx.HTTPError:
            return  # it is gone: there is no more to do

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self._send(method, path, **more)
        try:
            read = answer.json()
        except ValueError as error:
            raise self._unusable("no JSON; is it an engine that speaks /v1/videos") from error
        if not isinstance(read, dict):
            raise self._unusable("JSON of another shape")
        return read

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer; asked again while the way is broken or the engine busy.  Raises: RenderFailed, BadRequest.

        A submission that broke off after it was sent is not sent again: it could be rendered twice.
        """
        reason = ""
        for attempt in range(RETRIES + 1):
            if attempt:
                self._look()
                self._sleep(min(0.25 * 2**attempt, 4.0))
            try:
                answer = self.client.request(method, path, **more)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                reason = f"cannot be reached ({error})"
                continue
            except httpx.TransportError as error:
                reason = f"broke off ({error})"
                if method == "POST":
                    break
                continue
            if answer.status_code in (UNTAKEN if method == "POST" else ANSWERING):
                reason = f"answered {answer.status_code}"
                continue
            if not answer.is_success:  # nor is it followed elsewhere
                raise self._refused(answer)
            return answer
        raise RenderFailed(
            f"the engine of {self.card.name} at {self.client.base_url} {reason}.",
            fix="start it, or mend the card's source",
        )

    def _refused(self, answer: httpx.Response) -> RenderFailed:
        return RenderFailed(
            f"the engine of {self.card.name} answered {answer.status_code}: {answer.text[:300]}",
            fix="mend the card, or see the engine's log",
            retryable=False,
        )


def _steps(progress: Any, steps: int) -> int:
    """Of the hundredths of the whole that an engine tells; 0 where it tells nothing, or what is no number."""
    known = isinstance(progress, int | float) and 0 <= progress <= 100
    return int(progress / 100 * steps) if known else 0


def _png(picture: Picture) -> bytes:
    held = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(held, "PNG")
    return held.getvalue()


open_checkpoint = HttpEngine
