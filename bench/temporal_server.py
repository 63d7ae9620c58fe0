"""Temporal's own server with PostgreSQL, until Ctrl-C: `python -m bench.temporal_server SOURCE`.

SOURCE is the source of `go.temporal.io/server` with `server` and `sql` built in its directory `bin`, as
docs/performance.md says. Once the namespace `default` is there, it prints the options for `make bench`.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench.machine import server_version
from bench.servers import await_true, end_at_sigterm
from stack.ports import HOST, free_port
from stack.postgres import embedded_postgres
from stack.process import Command, last_words, spawn, stop

DATABASES = {"temporal": "temporal", "temporal_visibility": "visibility"}
SERVICES = ("frontend", "matching", "history", "worker")
# As many as Temporal's own configurations for small machines have.
SHARDS = 4
CONNECTIONS = 50
TIMEOUT_SECONDS = 120


@contextmanager
def temporal_server(source: Path, directory: Path) -> Iterator[tuple[str, int]]:
    """The server for the duration of the block; yields its address and the port of its PostgreSQL."""
    with embedded_postgres(directory / "postgres", database="temporal") as url:
        for database, schema in DATABASES.items():
            _write_schema(source, url, database, schema)
        port = free_port()
        config = directory / "config"
        config.mkdir()
        (config / "dynamic.yaml").write_text("{}\n")
        # JSON is YAML.
        (config / "bench.yaml").write_text(json.dumps(_configuration(url, port, config / "dynamic.yaml")))
        options = ["--root", str(directory), "--config", config.name, "--env", "bench", "--allow-no-auth"]
        command = Command([str(source / "bin" / "server"), *options, "start"], directory / "temporal.log")
        process = spawn(command)
        address = f"{HOST}:{port}"
        try:
            await_true(lambda: server_version(address), lambda: last_words(command.log), TIMEOUT_SECONDS)
            _create_namespace(address)
            yield address, urlsplit(url).port or 0
        finally:
            stop(process, command, patience=30)


def _write_schema(source: Path, url: str, database: str, schema: str) -> None:
    parts = urlsplit(url)
    connection = ["--plugin", "postgres12", "--ep", HOST, "-p", str(parts.port), "-u", str(parts.username)]
    environment = {**os.environ, "SQL_PASSWORD": str(parts.password)}
    tool = [str(source / "bin" / "sql"), *connection, "--db", database]
    versions = source / "schema" / "postgresql" / "v12" / schema / "versioned"
    steps = [["setup-schema", "-v", "0.0"], ["update-schema", "-d", str(versions)]]
    if database != parts.path[1:]:
        steps.insert(0, ["create-database"])
    for step in steps:
        subprocess.run([*tool, *step], check=True, env=environment, capture_output=True, timeout=TIMEOUT_SECONDS)


def _configuration(url: str, port: int, dynamic: Path) -> dict[str, object]:
    parts = urlsplit(url)
    stores = {
        database: {
            "sql": {
                "pluginName": "postgres12",
                "databaseName": database,
                "connectAddr": f"{HOST}:{parts.port}",
                "connectProtocol": "tcp",
                "user": parts.username,
                "password": parts.password,
                "maxConns": CONNECTIONS,
                "maxIdleConns": CONNECTIONS,
                "maxConnLifetime": "1h",
            }
        }
        for database in DATABASES
    }
    ports = {name: free_port() for name in SERVICES} | {"frontend": port}
    rpc = {
        name: {"rpc": {"grpcPort": ports[name], "membershipPort": free_port(), "bindOnLocalHost": True}}
        for name in SERVICES
    }
    cluster = {"enabled": True, "initialFailoverVersion": 1, "rpcName": "frontend", "rpcAddress": f"{HOST}:{port}"}
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "temporal",
            "visibilityStore": "temporal_visibility",
            "numHistoryShards": SHARDS,
            "datastores": stores,
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": HOST}},
        "services": rpc,
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {"active": cluster},
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "dynamicConfigClient": {"filepath": str(dynamic), "pollInterval": "10s"},
    }


def _create_namespace(address: str) -> None:
    program = [str(Path(sys.executable).with_name("temporal")), "operator", "namespace", "create", "default"]
    command = [*program, "--address", address, "--retention", "24h"]
    subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_SECONDS)


def main(source: Path) -> None:
    end_at_sigterm()
    with TemporaryDirectory(prefix="orderlife-temporal-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        with temporal_server(source, directory) as (address, store):
            time.sleep(10)  # the namespace reaches all services
            print(f"--temporal {address} --store {store}", flush=True)
            while True:
                time.sleep(60)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
