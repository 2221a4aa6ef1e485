"""The `sentinel` command. Commands import what they need themselves, so that `--help` and errors come at once."""

import gc
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from sentinel import __version__
from sentinel.errors import SentinelError
from sentinel.redaction import Redactor
from sentinel.settings import Settings, configured_secrets, load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0: success; 1: it cannot work, and one line says why; 2: the command line is invalid or empty.",
)


@contextmanager
def importing() -> Iterator[None]:
    """Import much, and let Ctrl-C end the process at once meanwhile: a library may swallow its exception on the way.

    Garbage is not collected until everything is there: looking again and again through what imports make, which stays,
    was a fifth of the start.
    """
    gc.disable()
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else somebody wants it ignored, as shells do of what they start with &
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sentinel {__version__}")
        raise typer.Exit


@app.callback()
def sentinel(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The resilience layer between an application and the models and tools it depends on."""


@app.command()
def serve() -> None:
    """Serve the console and the API."""
    settings = _loaded()  # before the imports: what is wrong with them is said at once
    with importing():
        from sentinel.main.server import serve as listen  # noqa: PLC0415 - only this command pays for it

    _log_as_told(settings)  # after the imports: some of them have things to say that tell nobody anything
    try:
        listen(settings, os.environ)
    except SentinelError as error:
        _fail(error)


@app.command()
def worker(
    host: Annotated[
        str | None, typer.Option(help="The address to serve /health and /metrics on, instead of HOST.")
    ] = None,
    port: Annotated[
        str | None, typer.Option(help="The port to serve them on, instead of WORKER_PORT; 0 means any free port.")
    ] = None,
) -> None:
    """Work on the runs of a PostgreSQL database, alongside other workers and servers."""
    given = {"HOST": host, "WORKER_PORT": port}
    settings = _loaded({name: value for name, value in given.items() if value is not None})
    with importing():
        from sentinel.main.server import work  # noqa: PLC0415 - only this command pays for it

    _log_as_told(settings)
    try:
        work(settings, os.environ)
    except SentinelError as error:
        _fail(error)


@app.command()
def migrate() -> None:
    """Bring the database schema up to date; `serve` also does this."""
    import asyncio  # noqa: PLC0415 - only this command pays for it

    from sentinel.main.migrate import bring_up_to_date  # noqa: PLC0415 - only this command pays for it

    settings = _settings()
    try:
        asyncio.run(bring_up_to_date(settings.database_url.get_secret_value()))
    except SentinelError as error:
        _fail(error)
    typer.echo("the database is up to date")


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="Where to put the copies; created if it is missing.")]) -> None:
    """Copy the SQLite files, each in a consistent state, even while a server runs."""
    from sentinel.persistence.backup import back_up  # noqa: PLC0415 - only this command pays for it

    settings = _settings()
    try:
        copies = back_up(settings.database_url.get_secret_value(), settings.checkpoint_path, folder)
    except SentinelError as error:
        _fail(error)
    for copy in copies:
        typer.echo(copy)


@app.command()
def explain(route: Annotated[str, typer.Option(help="The route to explain.")] = "default") -> None:
    """Show which targets a request on a route would try now, in which order and why; nothing is sent."""
    from sentinel.main.explain import explained  # noqa: PLC0415 - only this command pays for it

    try:
        typer.echo(explained(_settings(), route))
    except SentinelError as error:
        _fail(error)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulator(context: typer.Context) -> None:
    """Run the simulated providers on their own, with the options of `python -m simulator`."""
    os.execv(sys.executable, [sys.executable, "-m", "simulator", *context.args])  # noqa: S606 - our own program


@app.command()
def openapi(
    output: Annotated[Path | None, typer.Option(help="Write the schema to this file.")] = None,
) -> None:
    """Print the API's OpenAPI schema."""
    from sentinel.main.server import build_app  # noqa: PLC0415 - only this command pays for it

    schema = json.dumps(build_app(load_settings({}, Path("/nonexistent"))).openapi(), indent=2, sort_keys=True) + "\n"
    if output is None:
        typer.echo(schema, nl=False)
    else:
        output.write_text(schema)


def _settings() -> Settings:
    settings = _loaded()
    _log_as_told(settings)
    return settings


def _loaded(options: Mapping[str, str] | None = None) -> Settings:
    try:
        return load_settings({**os.environ, **(options or {})}, Path.cwd())
    except SentinelError as error:
        _fail(error)


def _log_as_told(settings: Settings) -> None:
    from sentinel.telemetry.logging import configure_logging  # noqa: PLC0415 - only this command pays for it

    redactor = Redactor(configured_secrets(settings))
    configure_logging(settings.log_level, json=settings.environment == "production", redactor=redactor)


def _fail(error: SentinelError) -> NoReturn:
    typer.echo(f"sentinel: {error.message}", err=True)
    raise SystemExit(1) from error
