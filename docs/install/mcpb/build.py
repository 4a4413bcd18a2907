"""Build shotwright.mcpb, which Claude Desktop installs by a double click: manifest, start file and the wheel.

The host's uv installs the wheel's dependencies at the first start.  Run from the root of the repository:
    python docs/install/mcpb/build.py dist/shotwright.mcpb
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PROJECT = """\
[project]
name = "shotwright-bundle"
version = "{version}"
requires-python = ">=3.11"
dependencies = ["shotwright"]

[tool.uv.sources]
shotwright = {{ path = "{wheel}" }}
"""


def build(target: Path) -> None:
    """Write the bundle to `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        subprocess.run([*command, "--wheel-dir", folder, str(ROOT)], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        pack(target, wheel)


def pack(target: Path, wheel: Path) -> None:
    """The bundle of this wheel."""
    version = wheel.name.split("-")[1]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in ("manifest.json", "server.py"):
            bundle.write(HERE / name, name)
        bundle.writestr("pyproject.toml", PROJECT.format(version=version, wheel=wheel.name))
        bundle.write(wheel, wheel.name)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
