"""What this machine can run, and why not: each thing that is needed, looked at once.

torch and PyAV are tried in a process of their own, so that a broken installation of them cannot break the answer.
Try: shotwright doctor --json
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from shotwright.generator.catalog import Card
from shotwright.generator.errors import ShotwrightError
from shotwright.server.worker import has_gpu
from shotwright.tools.settings import Settings, make_home
from shotwright.tools.studio.studio import Studio

if TYPE_CHECKING:
    from shotwright.generator.memory import Memory

PROBE_S = 180.0
"""A first import of torch from a cold disk takes most of a minute."""
ENGINE_S = 3.0
"""An engine that renders may answer late, but it answers."""
ROOM_MB = 500
"""Free disk below this is too little for a film with its lossless tails."""

_PROBE = """
import json
found = {}
try:
    import torch
    from shotwright.generator.pipelines import gpu_trouble
    found["torch"] = torch.__version__
    found["gpu_error"] = gpu_trouble()
    numbers = [] if found["gpu_error"] else range(torch.cuda.device_count())
    found["gpus"] = [
        {"name": torch.cuda.get_device_name(i), "free_mb": free >> 20, "memory_mb": total >> 20}
        for i in numbers for free, total in [torch.cuda.mem_get_info(i)]
    ]
except Exception as error:
    found["torch_error"] = f"{type(error).__name__}: {error}"
try:
    import av
    found["av"] = av.__version__
    def has(name, mode):
        try:
            return av.codec.Codec(name, mode) is not None
        except Exception:
            return False
    found["missing"] = [f"{name} {way}" for name, mode, way in
        (("libx264", "w", "encoder"), ("ffv1", "w", "encoder"), ("h264", "r", "decoder"), ("hevc", "r", "decoder"))
        if not has(name, mode)]
except Exception as error:
    found["av_error"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""

Probe = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Check:
    """One thing: whether it is well, whether nothing works without it, what was found, what to do."""

    name: str
    ok: bool
    needed: bool
    found: str
    fix: str = ""


@dataclass(frozen=True)
class ModelCheck:
    """A model: whether it runs here, on what, how or why not, and what to do."""

    name: str
    runs: bool
    device: str
    why: str
    fix: str = ""


@dataclass(frozen=True)
class Diagnosis:
    checks: list[Check]
    models: list[ModelCheck] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing that is needed is broken, and a model runs."""
        return all(c.ok or not c.needed for c in self.checks) and any(m.runs for m in self.models)

    def body(self) -> dict[str, Any]:
        """As `doctor --json` prints it."""
        return {
            "ok": self.ok,
            "checks": [{**asdict(c), "fix": "" if c.ok else c.fix} for c in self.checks],
            "models": [asdict(model) for model in self.models],
        }


def probe_packages() -> dict[str, Any]:
    """Versions, GPUs and codecs as another process finds them."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, timeout=PROBE_S, check=True
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        return {"torch_error": str(error), "av_error": str(error)}


def examine(settings: Settings, *, probe: Probe = probe_packages) -> Diagnosis:
    """Look at everything.  Creates the data directory, as every command does; renders nothing."""
    found = probe()
    studio = Studio(settings)
    checks = [
        _python(),
        _torch(found),
        _packages(),
        _gpu(found),
        _memory(),
        _home(settings),
        _codecs(found),
        *_database(studio),
        _store(studio),
    ]
    try:
        cards = list(studio.catalog.cards.values())
    except ShotwrightError as error:
        checks.append(Check("model cards", False, True, error.message, error.fix))
        cards = []
    studio.close()
    return Diagnosis(checks, [_model(card, found, settings) for card in cards])


def _python() -> Check:
    said = f"{sys.version.split()[0]} at {sys.executable}"
    return Check("python", sys.version_info >= (3, 11), True, said, "install Python 3.11 or newer")


def _torch(found: dict[str, Any]) -> Check:
    if "torch" in found:
        return Check("torch", True, True, found["torch"])
    return Check("torch", False, True, found["torch_error"], "pip install torch")


def _packages() -> Check:
    """Versions only: importing diffusers takes seconds and says nothing more."""
    have, lack = [], []
    for name in ("diffusers", "transformers", "dbos", "mcp"):
        try:
            have.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            lack.append(name)
    said = ", ".join(have) + (f"; missing: {', '.join(lack)}" if lack else "")
    return Check("packages", not lack, True, said, "pip install shotwright again" if lack else "")


def _gpu(found: dict[str, Any]) -> Check:
    gpus = found.get("gpus", [])
    if gpus:
        said = ", ".join(f"{gpu['name']}, {gpu['memory_mb']} MB" for gpu in gpus)
        return Check("gpu", True, False, said)
    if has_gpu() and (trouble := found.get("gpu_error")):
        fix = "update the driver, or install the build of torch for its CUDA (pytorch.org)"
        return Check("gpu", False, False, trouble, fix)
    return Check("gpu", False, False, "none; renders run on the CPU", "only large models need one")


def _memory() -> Check:
    import psutil  # type: ignore[import-untyped]

    memory = psutil.virtual_memory()
    free, total = memory.available >> 20, memory.total >> 20
    said = f"{free} of {total} MB free, {os.cpu_count()} cores"
    return Check("memory", free > ROOM_MB, True, said, "close other programs")


def _home(settings: Settings) -> Check:
    try:
        make_home(settings)
        free = shutil.disk_usage(settings.home).free >> 20
    except (ShotwrightError, OSError) as error:
        return Check("disk", False, True, str(error), "set SHOTWRIGHT_HOME to a folder of yours")
    said = f"{free} MB free in {settings.home}"
    return Check("disk", free > ROOM_MB, True, said, "make room, or move SHOTWRIGHT_HOME")


def _codecs(found: dict[str, Any]) -> Check:
    if "av" not in found:
        return Check("codecs", False, True, found["av_error"], "pip install av")
    missing = found["missing"]
    said = f"PyAV {found['av']}" + (f"; missing: {', '.join(missing)}" if missing else "")
    return Check("codecs", not missing, True, said, "pip install av (its own build)")


def _database(studio: Studio) -> list[Check]:
    where = "SQLite" if studio.settings.embedded else "PostgreSQL"
    try:
        workers = studio.jobs.workers()
    except Exception as error:  # whatever the driver raises: it is what the user must know
        said = f"{where}: {type(error).__name__}: {str(error).splitlines()[0]}"
        return [Check("database", False, True, said, "mend SHOTWRIGHT_DATABASE_URL")]
    alive = [worker for worker in workers if worker["state"] != "dead"]
    if alive:
        said = ", ".join(f"{w['worker_id']} on {w['device']}, {w['state']}" for w in alive)
        return [Check("database", True, True, where), Check("worker", True, False, said)]
    # Only on one machine's own database does a front start a worker by itself.
    needed = not studio.settings.embedded
    said = "none is alive" + ("" if needed else "; the first job starts one")
    worker = Check("worker", not needed, needed, said, "run `shotwright worker`" if needed else "")
    return [Check("database", True, True, where), worker]


def _store(studio: Studio) -> Check:
    try:
        # An empty blob, the same one each time; the store's own purge removes it.
        studio.store.put_bytes(b"", "txt")
    except Exception as error:  # a bucket's client raises what it likes
        said = f"{studio.settings.store}: {error}"
        return Check("store", False, True, said, "mend SHOTWRIGHT_STORE and its access")
    return Check("store", True, True, f"{studio.settings.store} is writable")


def _model(card: Card, found: dict[str, Any], settings: Settings) -> ModelCheck:
    """As who renders with it judges it: whether there are words for it, room, and whole weights."""
    from shotwright.generator.memory import gguf_of, plan_for
    from shotwright.generator.pipelines.loading import check
    from shotwright.prompts.dialects import dialect_named

    models, room = settings.home / "models", _room(found)
    device = "cpu" if room is None else "gpu"
    try:
        dialect_named(card.dialect)
    except ShotwrightError as error:
        return ModelCheck(card.name, False, device, error.message, error.fix)
    if card.family == "engine":
        return _engine(card)
    if "torch" not in found:
        return ModelCheck(card.name, False, device, "torch does not load")
    try:
        plan = plan_for(card, "cpu" if room is None else "cuda:0", models, memory=room)
        check(card, models, apart=gguf_of(card, models) if plan.precision == "gguf" else ())
    except ShotwrightError as error:
        return ModelCheck(card.name, False, device, error.message, error.fix)
    return ModelCheck(card.name, True, device, plan.why)


def _engine(card: Card) -> ModelCheck:
    """Whether something answers where the card says that an engine is."""
    import httpx

    try:
        httpx.get(card.source, timeout=ENGINE_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = f"the engine at {card.source} cannot be reached ({error})"
        return ModelCheck(card.name, False, "engine", why, "start it, or mend the card's source")
    return ModelCheck(card.name, True, "engine", f"rendered by the engine at {card.source}")


def _room(found: dict[str, Any]) -> "Memory | None":
    """On the first GPU, on which a worker renders that is not told another; None without one."""
    import psutil

    from shotwright.generator.memory import Memory

    if not found.get("gpus"):
        return None
    gpu = found["gpus"][0]
    total = gpu["memory_mb"] << 20
    return Memory(
        gpu.get("free_mb", gpu["memory_mb"]) << 20, total, psutil.virtual_memory().available
    )
