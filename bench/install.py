"""Install the wheel into an empty environment, far from the checkout, and use it: what a new user does first.

Runs the Dockerfile's own `pip wheel` and `pip install`, then doctor, setup and the demo with nothing in the environment
but a PATH and a home; builds the bundle, and validates it where npx is.  Takes minutes and some gigabytes.
Run: python -m bench.install [folder]
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MB = 2**20


def main(folder: Path) -> int:
    environment = folder / "venv"
    bin_ = environment / "bin"
    home = folder / "home"
    home.mkdir()
    venv.create(environment, with_pip=True)
    for step in _pip_steps():
        words = [_here(word, folder) for word in step]
        if words[-1].endswith("*.whl"):
            words[-1:] = [str(path) for path in (folder / "wheel").glob("*.whl")]
        _timed(" ".join(step), [str(bin_ / "python"), "-m", *words], cwd=ROOT)
    (wheel,) = (folder / "wheel").glob("*.whl")
    print(
        f"{wheel.name}: {wheel.stat().st_size / MB:.1f} MB; {_size(environment) / MB:.0f} MB installed"
    )
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(home), "HF_HUB_OFFLINE": "1"}
    shotwright = str(bin_ / "shotwright")
    for words in (["--version"], ["doctor"], ["setup", "--host", "codex", "--yes"], ["demo"]):
        _timed(f"shotwright {' '.join(words)}", [shotwright, *words], cwd=home, env=clean)
    film = home / "demo" / "film.mp4"
    print(f"{film.name}: {film.stat().st_size / 1024:.0f} kB")
    _bundle(folder)
    return 0


def _pip_steps() -> list[list[str]]:
    """`pip wheel` and the cpu target's `pip install`, as the Dockerfile has them."""
    text = (ROOT / "docs" / "install" / "Dockerfile").read_text(encoding="utf-8")
    steps = [shlex.split(line) for line in re.findall(r"^RUN (pip .*)$", text, re.MULTILINE)]
    return [[word for word in step if "TORCH_INDEX" not in word] for step in steps[:2]]


def _here(word: str, folder: Path) -> str:
    """The image's paths in this folder."""
    if word == "/constraints.txt":
        return str(ROOT / "constraints.txt")
    return str(folder / word[1:]) if word.startswith("/wheel") else word


def _timed(title: str, command: list[str], **how: object) -> None:
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, **how)  # type: ignore[call-overload]
    print(f"{time.monotonic() - began:7.1f} s  {title}")
    if done.returncode:
        raise SystemExit(f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def _bundle(folder: Path) -> None:
    bundle = folder / "shotwright.mcpb"
    script = ROOT / "docs" / "install" / "mcpb" / "build.py"
    _timed("build.py shotwright.mcpb", [sys.executable, str(script), str(bundle)], cwd=ROOT)
    print(f"{bundle.name}: {bundle.stat().st_size / MB:.1f} MB")
    npx = shutil.which("npx")
    if npx is None:
        print("the bundle was not validated: npx is not here")
        return
    unpacked = folder / "bundle"
    mcpb = [npx, "--yes", "@anthropic-ai/mcpb"]
    _timed("mcpb unpack", [*mcpb, "unpack", str(bundle), str(unpacked)], cwd=folder)
    _timed("mcpb validate", [*mcpb, "validate", str(unpacked)], cwd=folder)
    print(json.loads((unpacked / "manifest.json").read_text(encoding="utf-8"))["name"], "validates")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(main(Path(scratch)))
