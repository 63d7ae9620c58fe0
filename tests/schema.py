"""The tables of an empty database: made by the migrations once, and copied for every other server of a run of tests."""

import os
import subprocess
import sys
from pathlib import Path

from stack.postgres import BINARIES

# Where the copy is, as SQL; without it the migrations run.
SCHEMA = "ORDERLIFE_TEST_SCHEMA"


def keep_schema(url: str, path: Path) -> None:
    """Let `migrate` of this process and its children copy the tables of this database from now on."""
    subprocess.run([str(BINARIES / "pg_dump"), "--no-owner", f"--file={path}", url], check=True)
    os.environ[SCHEMA] = str(path)


def migrate(url: str, **settings: str) -> None:
    """Make the tables of an empty database, with these settings beside those of the environment."""
    schema = os.environ.get(SCHEMA)
    if schema:
        restore = [str(BINARIES / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={schema}", url]
        subprocess.run(restore, check=True, stdout=subprocess.DEVNULL)
    else:
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"]
        subprocess.run(command, check=True, env={**os.environ, **settings, "DATABASE_URL": url})
