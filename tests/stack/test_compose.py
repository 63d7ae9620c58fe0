"""`docker-compose.yml`, `Dockerfile` and `.env.example` against the Compose schema and against the code."""

import itertools
import math
import re
import subprocess
from functools import cache
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import get_commands

from stack.state import ROOT
from tests.stack.compose_schema import COMPOSE

# Read before any file is: a .env could not set it.
NOT_FROM_A_FILE = {"ORDERLIFE_DATA_DIR", "DJANGO_SETTINGS_MODULE"}
# Of what is tracked: how the project is developed, tested and run without Docker. All else the product needs.
NOT_IN_THE_IMAGE = {
    ".ci",
    ".dockerignore",
    ".editorconfig",
    ".env.example",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "bench",
    "docker-compose.yml",
    "docs",
    "proxy",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements-embedded.txt",
    "stack",
    "tests",
}
READ = re.compile(
    r"""(?:env(?:\.\w+)?\(\s*|(?:required|one_of|amounts|keys|webhook_secrets|gateway)\(env,\s*|os\.environ(?:\.get\(|\[)\s*)["']([A-Z][A-Z_]+)["']"""
)
COMMENTED = re.compile(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", re.MULTILINE)


@cache
def text(name: str) -> str:
    return (ROOT / name).read_text()


@cache
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(text("docker-compose.yml")))


def services() -> dict[str, dict[str, Any]]:
    return dict(compose()["services"])


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services().items() if "build" in service}


def interpolated() -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text("docker-compose.yml")))


def settings_variables() -> set[str]:
    files = [*(ROOT / "orderlife").rglob("*.py"), *(ROOT / "orders").rglob("*.py"), *(ROOT / "workflows").rglob("*.py")]
    return {name for file in files for name in READ.findall(file.read_text())} - NOT_FROM_A_FILE


def test_it_follows_the_compose_schema() -> None:
    jsonschema.validate(compose(), COMPOSE)


def test_every_name_it_refers_to_is_there() -> None:
    for service in services().values():
        assert set(service.get("depends_on", {})) <= set(services())
        assert {config["source"] for config in service.get("configs", [])} <= set(compose()["configs"])
        volumes = {volume.split(":")[0] for volume in service.get("volumes", []) if volume[0] not in "./$"}
        assert volumes <= set(compose()["volumes"])
        assert set(service.get("networks", [])) <= {"default", *compose()["networks"]}


def test_whoever_is_waited_for_can_be_waited_for() -> None:
    waits = [
        (name, at["condition"]) for service in services().values() for name, at in service.get("depends_on", {}).items()
    ]
    for name, condition in waits:
        if condition == "service_healthy":
            assert "healthcheck" in services()[name]
        if condition == "service_completed_successfully":
            assert str(services()[name]["restart"]).startswith("on-failure")


def test_everything_is_reachable_from_this_machine_only() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith(("127.0.0.1:", "${PROXY_ADDRESS:-127.0.0.1}:")) for port in ports)


def test_the_web_server_is_reached_through_the_proxy_alone_and_believes_it_alone() -> None:
    web, proxy = services()["web"], services()["proxy"]
    assert "ports" not in web
    assert web["environment"]["TRUSTED_PROXIES"] == f"{proxy['networks']['proxied']['ipv4_address']}/32"
    assert (web["environment"]["BEHIND_TLS_PROXY"], proxy["environment"]["WEB_ADDRESS"]) == ("true", "web:8000")
    assert set(proxy["networks"]) & set(web["networks"]) == {"proxied"}


def test_the_proxy_is_given_every_variable_of_its_configuration() -> None:
    used = {name for file in (ROOT / "proxy").iterdir() for name in re.findall(r"\$\{(\w+)\}", file.read_text())}
    assert used == set(services()["proxy"]["environment"]) - {"NGINX_ENVSUBST_OUTPUT_DIR"}


def test_images_are_pinned() -> None:
    images = [service["image"] for service in services().values() if "build" not in service]
    assert all(re.fullmatch(r"[\w/-]+:\d[\w.]*", image) for image in images)


def test_secrets_are_required_with_a_message() -> None:
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        uses = re.findall(rf"\$\{{{secret}([^}}]*)\}}", text("docker-compose.yml"))
        assert uses
        assert all(use.startswith(":?") and ".env" in use for use in uses)


def test_env_example_has_every_variable_that_is_read_and_no_other() -> None:
    assert {name for name, _ in COMMENTED.findall(text(".env.example"))} == settings_variables() | interpolated()


def test_env_example_explains_every_variable() -> None:
    lines = text(".env.example").splitlines()
    for before, line in itertools.pairwise(lines):
        if COMMENTED.match(line):
            assert before.startswith("# "), line
            assert not COMMENTED.match(before), line


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD"])
def test_env_example_holds_no_secret(name: str) -> None:
    assert dict(COMMENTED.findall(text(".env.example")))[name] == ""


def test_the_defaults_of_env_example_are_those_of_the_settings() -> None:
    shown = dict(COMMENTED.findall(text(".env.example")))
    settings = text("orderlife/settings.py")
    for name, default in re.findall(r'env\.(?:str|int|float)\("([A-Z_]+)", default="?([^")]+)"?\)', settings):
        if name not in ("PUBLIC_URL", "TEMPORAL_UI_URL"):
            value = str(math.prod(map(int, default.split("*")))) if "*" in default else default
            assert shown[name] == value, name


def test_every_service_of_ours_gets_what_the_settings_require() -> None:
    for service in ours().values():
        assert {"SECRET_KEY", "DATABASE_URL", "TEMPORAL_ADDRESS"} <= set(service["environment"])
        assert set(service["environment"]) <= settings_variables()


def test_its_commands_are_commands_of_manage_py() -> None:
    commands = [str(service["command"]).split() for service in ours().values() if "command" in service]
    assert len(commands) == 3
    for python, manage, name, *_ in commands:
        assert (python, manage) == ("python", "manage.py")
        assert name in get_commands()


def test_the_image_gets_everything_but_what_the_product_runs_without() -> None:
    copied = {line.split()[1] for line in text("Dockerfile").splitlines() if line.startswith("COPY")}
    let_in = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tracked = {name.partition("/")[0] for name in listed.split("\0") if name}
    assert copied == let_in == tracked - NOT_IN_THE_IMAGE
    assert tracked >= NOT_IN_THE_IMAGE


def test_nothing_in_the_image_refers_to_a_folder_that_is_not_in_it() -> None:
    settings = text("orderlife/settings.py")
    folders = set(re.findall(r'BASE_DIR / "([\w.]+)"', settings)) - {".data"}
    copied = {line.split()[1] for line in text("Dockerfile").splitlines() if line.startswith("COPY")}
    assert folders
    assert {name for name in folders if (ROOT / name).exists()} <= copied


def test_the_image_runs_as_nobody_special_from_hashed_requirements() -> None:
    assert "--require-hashes" in text("Dockerfile")
    assert re.search(r"^USER (?!root)", text("Dockerfile"), re.MULTILINE)
