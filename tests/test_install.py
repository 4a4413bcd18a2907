"""What is installed where: each command of the Dockerfile, the compose file and the units runs in a clean environment.

No image is built here: the commands are taken out of the files and run by themselves, with nothing in the environment
but what the file gives.  Installing the wheel into an empty environment takes minutes: `python -m bench.install`.
"""

import json
import os
import re
import runpy
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
import yaml  # type: ignore[import-untyped]

from shotwright.server.main import app
from shotwright.tools.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
INSTALL = ROOT / "docs" / "install"
BIN = Path(sys.executable).parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
SETTINGS = {f"SHOTWRIGHT_{field.name.upper()}" for field in fields(Settings)}


def dockerfile() -> list[tuple[str, str]]:
    """(instruction, rest) in order, without comments."""
    text = (INSTALL / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def told(instruction: str) -> Any:
    """The JSON of an instruction in exec form."""
    (rest,) = (rest for name, rest in dockerfile() if name == instruction)
    return json.loads(rest[rest.index("[") :])


def unit(name: str) -> dict[str, list[str]]:
    """A unit's keys and their values."""
    found: dict[str, list[str]] = {}
    for line in (INSTALL / name).read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"(\w+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((INSTALL / "compose.yaml").read_text(encoding="utf-8"))
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def clean(folder: Path, **given: str) -> dict[str, str]:
    """An environment with nothing in it but a PATH to this installation, a home, and what is given."""
    path = f"{BIN}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return {"PATH": path, "HOME": str(folder), "OMP_NUM_THREADS": "1", **given}


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """The command as a service: started, and told to stop at the end."""
    with (folder / f"{command[1]}-{len(list(folder.iterdir()))}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(BIN / Path(command[0]).name), *command[1:]],
            env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield
            assert process.poll() is None, Path(log.name).read_text(encoding="utf-8")
        finally:
            process.terminate()
            process.wait(60)


def until_healthy(check: list[str], environment: dict[str, str]) -> None:
    """Run a health check as its host does until it says 0."""
    given_up = time.monotonic() + 120
    while True:
        done = subprocess.run(check, env=environment, capture_output=True, text=True, timeout=120)
        if done.returncode == 0:
            return
        assert time.monotonic() < given_up, f"{check} never succeeded: {done.stderr}"
        time.sleep(0.25)


# Docker


def test_the_images_command_serves_and_its_health_check_sees_it(tmp_path: Path) -> None:
    pairs = next(rest for name, rest in dockerfile() if name == "ENV").split()
    given = dict(pair.split("=", 1) for pair in pairs)
    assert given.keys() <= SETTINGS and given["SHOTWRIGHT_HOST"] == "0.0.0.0"
    given |= {"SHOTWRIGHT_HOME": str(tmp_path / "data"), "SHOTWRIGHT_PORT": str(free_port())}
    command = [*told("ENTRYPOINT"), *told("CMD")]
    refused = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        env=clean(tmp_path, **given), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert refused.returncode == 2 and "SHOTWRIGHT_TOKEN" in refused.stderr
    environment = clean(tmp_path, **given, SHOTWRIGHT_TOKEN="a-token-of-some-length")
    check = [sys.executable, *told("HEALTHCHECK")[1:]]
    assert subprocess.run(check, env=environment, capture_output=True).returncode == 1
    with running(command, tmp_path, environment):
        until_healthy(check, environment)


def test_the_images_build_steps_are_commands_that_run(tmp_path: Path) -> None:
    steps = [shlex.split(rest) for name, rest in dockerfile() if name == "RUN"]
    assert {step[0] for step in steps} == {"pip", "useradd", "install"}
    for step in steps:
        if step[0] == "useradd" and shutil.which("useradd") and os.geteuid() == 0:
            (tmp_path / "etc").mkdir()
            for name in ("passwd", "group", "shadow", "login.defs"):
                (tmp_path / "etc" / name).touch()
            subprocess.run([*step, "--prefix", str(tmp_path)], check=True, capture_output=True)
            assert ":1000:" in (tmp_path / "etc" / "passwd").read_text(encoding="utf-8")
        elif step[0] == "install":
            here = [str(tmp_path / word[1:]) if word.startswith("/") else word for word in step[1:]]
            mine = [word for word in here if word not in ("-o", "-g", "shotwright")]
            subprocess.run(["install", *mine], check=True)
            assert (tmp_path / "data").is_dir() and (tmp_path / "store").is_dir()


def test_what_the_image_copies_is_there_and_in_its_context() -> None:
    ignored = (INSTALL / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in let_in)
    for name, rest in dockerfile():
        if name == "COPY" and "--from" not in rest and rest.split()[0] != ".":
            assert rest.split()[0] in let_in
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["only-include"], project["project"]["readme"], "pyproject.toml"} <= let_in
    targets = {rest.split()[-1] for name, rest in dockerfile() if name == "FROM"}
    assert {"cpu", "cuda"} <= targets
    for file in ("compose.yaml", "compose.cuda.yaml"):
        made = yaml.safe_load((INSTALL / file).read_text(encoding="utf-8"))
        for service in made["services"].values():
            build = service.get("build")
            if build is not None:
                assert build["target"] in targets
                assert (
                    INSTALL / build["context"] / build["dockerfile"]
                ).resolve() == INSTALL / "Dockerfile"


# compose


@pytest.mark.timeout(400)
def test_the_compose_files_front_and_workers_share_postgresql(
    tmp_path: Path, postgres: str
) -> None:
    services = compose()["services"]
    given = services["front"]["environment"]
    assert given.keys() <= SETTINGS
    assert re.sub(r"\$\{\w+:\?[^}]*\}", "x", given["SHOTWRIGHT_DATABASE_URL"]).startswith(
        "postgresql://"
    )
    assert services["database"]["healthcheck"]["test"][1] == "pg_isready"
    environment = clean(
        tmp_path,
        SHOTWRIGHT_DATABASE_URL=postgres,
        SHOTWRIGHT_STORE=str(tmp_path / "store"),
        SHOTWRIGHT_TOKEN="a-token-of-some-length",
        SHOTWRIGHT_PORT=str(free_port()),
    )

    def own(name: str) -> dict[str, str]:
        """Each container has its own data directory."""
        return {**environment, "SHOTWRIGHT_HOME": str(tmp_path / name)}

    names = ["front", "worker-1", "worker-2"]
    with ExitStack() as stack:
        for name in names:
            command = [*told("ENTRYPOINT"), *services[name]["command"]]
            stack.enter_context(running(command, tmp_path, own(name)))
        for name in names[1:]:
            kind, script = services[name]["healthcheck"]["test"]
            assert kind == "CMD-SHELL"
            until_healthy(["sh", "-c", script], own(name))
        bearer = {"Authorization": f"Bearer {environment['SHOTWRIGHT_TOKEN']}"}
        here = f"http://127.0.0.1:{environment['SHOTWRIGHT_PORT']}"
        with httpx.Client(base_url=here, headers=bearer, timeout=200, trust_env=False) as client:
            for _ in range(100):
                if client.get("/health").json()["workers"] == 2:
                    break
                time.sleep(0.2)
            asked = {"prompt": "a red ball", "size": "64x64", "frames": 9, "quality": "draft"}
            job = client.post("/api/generate_video", json={**asked, "wait_s": 30}).json()
            while job["state"] in ("queued", "running"):
                job = client.get(f"/api/jobs/{job['job_id']}", params={"wait_s": 30}).json()
        assert job["state"] == "succeeded", job["error"]


# systemd


@pytest.mark.parametrize("name", ["shotwright.service", "shotwright-worker@.service"])
def test_a_units_command_runs_with_nothing_but_its_settings(name: str, tmp_path: Path) -> None:
    keys = unit(name)
    (line,) = keys["ExecStart"]
    command = shlex.split(line.replace("%i", "cpu").replace("%l", "here"))
    assert command[0] == "/opt/shotwright/bin/shotwright"
    given = dict(pair.split("=", 1) for pair in keys["Environment"])
    assert given.keys() <= SETTINGS
    given = {key: value.replace("%S", str(tmp_path)) for key, value in given.items()}
    environment = clean(tmp_path, **given, SHOTWRIGHT_PORT=str(free_port()))
    with running(command, tmp_path, environment):
        if "worker" in name:
            check = "shotwright workers --json | grep -q '\"here-cpu\"'"
            until_healthy(["sh", "-c", check], environment)
        else:
            until_healthy([sys.executable, *told("HEALTHCHECK")[1:]], environment)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
@pytest.mark.parametrize("name", ["shotwright.service", "shotwright-worker@.service"])
def test_systemd_knows_every_key_of_a_unit(name: str, tmp_path: Path) -> None:
    text = (INSTALL / name).read_text(encoding="utf-8")
    copy = tmp_path / name
    copy.write_text(
        text.replace("/opt/shotwright/bin/shotwright", str(BIN / "shotwright")), encoding="utf-8"
    )
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True)
    assert not [
        line for line in done.stderr.splitlines() if name.split("@")[0].split(".")[0] in line
    ]


# The registry's file and the bundle


def test_the_registrys_file_says_what_the_package_is() -> None:
    server = json.loads((INSTALL / "server.json").read_text(encoding="utf-8"))
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"])
    assert 1 <= len(server["description"]) <= 100 and server["version"] == VERSION
    label = next(rest for name, rest in dockerfile() if name == "LABEL")
    assert label == f'io.modelcontextprotocol.server.name="{server["name"]}"'
    (package,) = server["packages"]
    assert (package["identifier"], package["version"]) == ("shotwright", VERSION)
    assert (package["registryType"], package["transport"]) == ("pypi", {"type": "stdio"})
    assert {variable["name"] for variable in package["environmentVariables"]} <= SETTINGS
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {argument["value"] for argument in package["packageArguments"]} <= commands.keys()


def test_the_bundle_holds_what_its_manifest_starts(tmp_path: Path) -> None:
    builder = runpy.run_path(str(INSTALL / "mcpb" / "build.py"))
    wheel = tmp_path / f"shotwright-{VERSION}-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    builder["pack"](tmp_path / "shotwright.mcpb", wheel)
    with zipfile.ZipFile(tmp_path / "shotwright.mcpb") as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
        project = tomllib.loads(bundle.read("pyproject.toml").decode("utf-8"))
        assert {"manifest.json", "pyproject.toml", wheel.name} < set(bundle.namelist())
        assert manifest["server"]["entry_point"] in bundle.namelist()
    assert manifest["server"]["mcp_config"]["args"][-1] == manifest["server"]["entry_point"]
    assert manifest["version"] == project["project"]["version"] == VERSION
    assert project["tool"]["uv"]["sources"]["shotwright"]["path"] == wheel.name
    assert {"name", "version", "description", "author", "server"} <= manifest.keys()


def test_the_bundles_start_file_speaks_mcp(tmp_path: Path) -> None:
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {},
                   "clientInfo": {"name": "test", "version": "1"}},
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(INSTALL / "mcpb" / "server.py")],
        input=json.dumps(hello) + "\n", env=clean(tmp_path), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert json.loads(done.stdout)["result"]["serverInfo"]["name"] == "shotwright"
