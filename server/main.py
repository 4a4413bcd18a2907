"""The command line: `shotwright <command>`.  The fronts and the worker, and one command a verb.

Settings are built here, once, and passed on.  Verbs' commands are made when they are asked for, so that `stdio` and
`worker` start without them.  Importing this loads no torch, no DBOS and no MCP.
Try: shotwright --help
"""

import inspect
import logging
import socket
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from shotwright.generator.errors import BadRequest, ShotwrightError
from shotwright.server import models
from shotwright.server.hosts import HOSTS, checked, host_config
from shotwright.tools.settings import Settings, from_environment, make_home

if TYPE_CHECKING:
    from shotwright.tools.verbs import Verb

LOG = logging.getLogger(__name__)
INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended."""
CLOSE_S = 3
"""How long open answers may go on when the HTTP front is told to stop."""

Json = Annotated[bool, typer.Option("--json", help="print one JSON object on stdout")]


class _Commands(TyperGroup):
    """The commands below, and after them the verbs."""

    def list_commands(self, ctx: Any) -> list[str]:
        from shotwright.tools.verbs import VERBS

        return [*self.commands, *(verb.command for verb in VERBS)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        from shotwright.tools.verbs import VERBS

        return next((_command(verb) for verb in VERBS if verb.command == cmd_name), None)


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    # Help texts hold camera words in brackets, which are no markup.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> int:
    """Run the command in sys.argv; the exit code: 0, 2 for the caller's mistake, 1 for any other failure."""
    from typer import TyperException

    as_json = "--json" in sys.argv
    try:
        code = app(prog_name="shotwright", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except ShotwrightError as error:
        return _fail(error, as_json)
    except TyperException as error:
        message = error.format_message()
        return _fail(BadRequest(message, fix="see shotwright --help"), as_json) if message else 2
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:  # the edge of the process: no traceback for a person, the log has it
        LOG.exception("the command failed")
        return _fail(
            ShotwrightError(f"{type(error).__name__}: {error}", fix="see the log"), as_json
        )


def _fail(error: ShotwrightError, as_json: bool) -> int:
    from shotwright.server import terminal

    if as_json:
        terminal.say_json({"error": error.body()})
    else:
        terminal.remark(f"{error.code}: {error.message} {error.fix}".strip())
    return 2 if isinstance(error, BadRequest) else 1


def _log(level: int) -> None:
    """Logging to stderr: stdout belongs to MCP, or to the answer."""
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(stream=sys.stderr, level=level, format=form)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"shotwright {version('shotwright')}")
        raise typer.Exit


@app.callback()
def _shotwright(
    context: typer.Context,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="print the version"),
    ] = False,
) -> None:
    """Video on your own GPU, for agents and scripts: clips, continuations, camera moves, films."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def stdio() -> None:
    """Serve MCP over stdin and stdout; hosts run this."""
    _log(logging.WARNING)
    from shotwright.server.mcp import StudioServer
    from shotwright.tools.studio.hiring import launch
    from shotwright.tools.studio.studio import Studio

    studio = Studio(from_environment(stdio=True), launch=launch)
    try:
        StudioServer(studio).run("stdio")
    finally:
        studio.close()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0: any free one")] = None,
    token: Annotated[
        str | None, typer.Option(help="demand this token; SHOTWRIGHT_TOKEN keeps it out of `ps`")
    ] = None,
) -> int:
    """Serve the web studio, MCP at /mcp, the verbs at /api, files, and /openapi.json over HTTP."""
    _log(logging.INFO)
    from shotwright.server.guard import check_exposure

    settings = from_environment(host=host, port=port, token=token)
    check_exposure(settings)
    make_home(settings)
    with _listen(settings) as listener:
        return _serve(replace(settings, port=listener.getsockname()[1]), listener)


def _listen(settings: Settings) -> socket.socket:
    """A listening socket.  Raises BadRequest when the address cannot be had."""
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        raise BadRequest(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}.",
            field="SHOTWRIGHT_PORT",
            value=settings.port,
            fix="choose another --port (0 for any free one) or --host",
        ) from error


def _serve(settings: Settings, listener: socket.socket) -> int:
    import uvicorn

    from shotwright.server import terminal
    from shotwright.server.http import create_app
    from shotwright.tools.studio.hiring import launch
    from shotwright.tools.studio.studio import Studio

    studio = Studio(settings, launch=launch)
    config = uvicorn.Config(
        create_app(studio),
        log_config=None,
        access_log=False,
        server_header=False,
        # The client's address is what the guard counts by; a header must not change it.
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=CLOSE_S,
    )
    terminal.remark(f"shotwright serves {settings.base_url} (MCP at {settings.base_url}/mcp)")
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has closed down in good order and passes the signal on
        return 0
    finally:
        studio.close()
    return 0


@app.command()
def worker(
    name: Annotated[
        str | None, typer.Option(help="its stable id; host and device if left out")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cuda:0, cpu, …")] = None,
    idle_s: Annotated[
        float | None,
        typer.Option(min=0, help="leave after so long without work; never if left out"),
    ] = None,
) -> int:
    """Execute jobs on one device until told to stop."""
    _log(logging.INFO)
    from shotwright.server.worker import run

    return run(from_environment(), name=name, device=device, idle_s=idle_s)


@app.command()
def workers(as_json: Json = False) -> None:
    """List the workers and what they do."""
    _log(logging.WARNING)
    from shotwright.server import terminal
    from shotwright.tools.studio.queue import JobQueue

    queue = JobQueue(from_environment())
    try:
        found = queue.workers()
    finally:
        queue.close()
    if as_json:
        terminal.say_json(found)
    else:
        terminal.show_workers(found)


@app.command()
def doctor(as_json: Json = False) -> int:
    """Say what this machine can run, and why not; exit code 1 when something needed is broken."""
    _log(logging.ERROR)
    from shotwright.server import terminal
    from shotwright.server.doctor import examine

    diagnosis = examine(from_environment())
    if as_json:
        terminal.say_json(diagnosis.body())
    else:
        terminal.show_diagnosis(diagnosis.body())
    return 0 if diagnosis.ok else 1


@app.command()
def config(
    host: Annotated[
        str | None, typer.Option(metavar="|".join(HOSTS), help="only this host's")
    ] = None,
) -> None:
    """Print what makes an MCP host start this installation (JSON; for Codex TOML); `setup` writes it."""
    import json

    from shotwright.server import terminal

    if host is None:
        print(json.dumps({name: host_config(name) for name in HOSTS}, indent=2))
        return
    told = host_config(checked(host))
    terminal.remark(f"for {HOSTS[host].title}, {HOSTS[host].project}:")
    if HOSTS[host].form == "toml":
        import tomlkit

        print(tomlkit.dumps(told), end="")
    else:
        print(json.dumps(told, indent=2))


@app.command()
def setup(
    host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join(HOSTS), help="this host, repeatable; those found if left out"
        ),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="take it out again")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="write without asking")] = False,
    as_json: Json = False,
) -> int:
    """Write this installation into the configuration of MCP hosts, after showing the change; --undo takes it out."""
    from shotwright.server import setup as deed
    from shotwright.server import terminal

    changes = [deed.plan(name, file, undo=undo) for name, file in deed.chosen(host or []).items()]
    if not as_json:
        terminal.show_changes(changes)
    needed = [change for change in changes if change.needed]
    written = bool(needed) and (yes or (not as_json and _agreed(len(needed))))
    for change in needed if written else ():
        deed.carry_out(change, undo=undo)
    if as_json:
        terminal.say_json({"changes": [change.body() for change in changes], "written": written})
    elif written:
        terminal.remark("written; restart the host, or reload its MCP servers")
    return 2 if any(change.error for change in changes) else 0


def _agreed(files: int) -> bool:
    """Whether the person says yes.  Raises BadRequest where nobody can be asked."""
    try:
        return typer.confirm(f"write {files} file{'s' if files > 1 else ''}?", err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise BadRequest(
            "nothing was written: nobody answered.", field="yes", fix="say --yes"
        ) from None


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option(help="the folder for the film and all that belongs to it")
    ] = Path("demo"),
) -> int:
    """Make a film from three sentences, as an MCP client does it, and leave everything in a folder."""
    from shotwright.server.demo import run

    return run(out)


def _command(verb: "Verb") -> Any:
    """The verb as a command."""
    from shotwright.server.commands import parameters

    given = [*parameters(verb), *_extras(verb)]

    def run(**typed: Any) -> int:
        return _run(verb, typed)

    run.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in given}
    one = typer.Typer(add_completion=False, rich_markup_mode=None)
    one.command(verb.command, help=verb.description, short_help=verb.title)(run)
    return typer.main.get_command(one)


def _extras(verb: "Verb") -> list[inspect.Parameter]:
    """Options of the command line alone."""
    named: dict[str, tuple[Any, Any]] = {
        "as_json": (bool, typer.Option(False, "--json", help="print one JSON object on stdout"))
    }
    if _renders(verb):
        told = "answer at once with the job, instead of following it to its end"
        named["no_wait"] = (bool, typer.Option(False, "--no-wait", help=told))
    if verb.name == "view_video":
        told = "where the contact sheet goes; ./<id>.jpg if left out"
        named["out"] = (str | None, typer.Option(None, "--out", help=told))
    if verb.name == "list_models":
        named |= models.options()
    return [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=annotation
        )
        for name, (annotation, option) in named.items()
    ]


def _renders(verb: "Verb") -> bool:
    return "dry_run" in verb.arguments.model_fields


def _run(verb: "Verb", typed: dict[str, Any]) -> int:
    """Call the verb, follow its job, print the answer; the exit code."""
    _log(logging.WARNING)
    import anyio

    from shotwright.server import terminal
    from shotwright.server.commands import arguments
    from shotwright.tools import verbs
    from shotwright.tools.studio.hiring import launch
    from shotwright.tools.studio.studio import Studio

    terminal.speak_utf8()
    if verb.name == "list_models" and (deed := models.asked(typed)):
        model = arguments(verb, typed).get("model")
        return models.carry_out(deed, model, from_environment(), as_json=typed["as_json"])
    asked = _timed(arguments(verb, typed), bool(typed.get("no_wait")))
    studio = Studio(from_environment(stdio=True), launch=launch)
    followed = _renders(verb) and "wait_s" not in asked
    with terminal.watching() as watch:
        try:
            if followed:
                shown = anyio.run(terminal.follow, studio, verb.name, asked, watch)
            else:
                shown = anyio.run(verbs.call, studio, verb.name, asked, watch.report)
        except KeyboardInterrupt:
            shown = None
        finally:
            studio.close()
    if shown is None:
        return _left(watch.job, typed["as_json"])
    data = dict(shown.data)
    if verb.name == "view_video":
        data["files"] = terminal.save_pictures(shown, asked["video"], typed["out"])
    if typed["as_json"]:
        terminal.say_json(data)
    elif "files" in data:
        print("\n".join(data["files"]))
    else:
        terminal.show(data)
    return 1 if _renders(verb) and data.get("state") in ("failed", "cancelled") else 0


def _timed(asked: dict[str, Any], no_wait: bool) -> dict[str, Any]:
    """With --no-wait, the arguments that wait for nothing."""
    if not no_wait:
        return asked
    if "wait_s" in asked:
        raise BadRequest(
            "--no-wait and --wait-s contradict each other.",
            field="wait_s",
            value=asked["wait_s"],
            fix="leave one out",
        )
    return {**asked, "wait_s": 0}


def _left(job: dict[str, Any] | None, as_json: bool) -> int:
    """Ctrl-C ends the waiting, not the job."""
    from shotwright.server import terminal

    if job is None:
        return INTERRUPTED
    if as_json:
        terminal.say_json(job)
    id_ = job["job_id"]
    terminal.remark(
        f"{id_} goes on. Look with `shotwright job {id_}`, stop it with `shotwright cancel {id_}`."
    )
    return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
