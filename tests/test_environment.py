"""What is read from the environment, and refused where it would let strangers in."""

import base64
import os
import subprocess
import sys

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from orderlife.environment import carrier, gateway, keys, webhook_secrets

GOOD = f"whsec_{base64.b64encode(b'a secret of tests').decode()}"
OTHER = base64.b64encode(b"another secret of tests").decode()
SHORT = f"whsec_{base64.b64encode(b'fifteen letters').decode()}"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> environ.Env:
    for name in ("WEBHOOK_SECRETS", "TRACKING_KEYS"):
        monkeypatch.delenv(name, raising=False)
    return environ.Env()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("carriers/x=whsec_", "entry 1 (carriers/x) has a key of 0 bytes: it needs 16"),
        ("carriers/x=", "has a key of 0 bytes"),
        ("carriers/x", "has a key of 0 bytes"),
        (f"carriers/x={SHORT}", "has a key of 15 bytes"),
        ("carriers/x=whsec_not base64", "must be whsec_ and base64"),
        ("carriers/x=whsec_ä", "must be whsec_ and base64"),
        ("payments/stripe=of stripe", "(payments/stripe) must be whsec_ and letters, as Stripe shows it"),
        ("payments/stripe=whsec_", "(payments/stripe) has a key of 0 bytes: it needs 16"),
        (f"shops/x={GOOD}", "must begin with carriers/CODE= or payments/NAME="),
        (f"carriers/={GOOD}", "must begin with"),
        (GOOD, "must begin with"),
        (f"carriers/x={GOOD},", "entry 2 must begin with"),
        (f"carriers/x={GOOD},payments/y={GOOD},carriers/x={GOOD}", "entry 3 stands there twice"),
        (f"carriers/x={GOOD},carriers/x={GOOD.removeprefix('whsec_')}", "entry 2 stands there twice"),
    ],
)
def test_webhook_secrets_that_let_anybody_in_are_refused_at_start(
    env: environ.Env, monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    monkeypatch.setenv("WEBHOOK_SECRETS", value)
    with pytest.raises(ImproperlyConfigured) as refused:
        webhook_secrets(env, "WEBHOOK_SECRETS")
    assert why in str(refused.value)
    assert GOOD not in str(refused.value)


def test_stripes_secret_is_taken_as_stripe_shows_it(env: environ.Env, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRETS", "payments/stripe=whsec_0a1B2c3D4e5F6g7H8i9")
    assert webhook_secrets(env, "WEBHOOK_SECRETS") == ["payments/stripe=whsec_0a1B2c3D4e5F6g7H8i9"]


def test_two_secrets_of_one_sender_are_taken_while_it_changes_over(
    env: environ.Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert webhook_secrets(env, "WEBHOOK_SECRETS") == []
    monkeypatch.setenv("WEBHOOK_SECRETS", f"carriers/x={GOOD}, carriers/x={OTHER},payments/y={GOOD}")
    taken = webhook_secrets(env, "WEBHOOK_SECRETS")
    assert taken == [f"carriers/x={GOOD}", f"carriers/x={OTHER}", f"payments/y={GOOD}"]


@pytest.mark.parametrize(("value", "why"), [("new,,old", "an empty key"), (",", "an empty key"), ("a, a", "twice")])
def test_keys_that_are_empty_or_stand_twice_are_refused_at_start(
    env: environ.Env, monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    monkeypatch.setenv("TRACKING_KEYS", value)
    with pytest.raises(ImproperlyConfigured, match=why):
        keys(env, "TRACKING_KEYS", default="x")


def test_without_keys_the_default_is_the_only_one(env: environ.Env, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys(env, "TRACKING_KEYS", default="x") == ["x"]
    monkeypatch.setenv("TRACKING_KEYS", "new, old")
    assert keys(env, "TRACKING_KEYS", default="x") == ["new", "old"]


def test_keys_without_a_default_may_be_missing_but_not_short(env: environ.Env, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys(env, "TRACKING_KEYS", default=None, min_bytes=16) == []
    monkeypatch.setenv("TRACKING_KEYS", "a key of more than 16 bytes,fifteen letters")
    with pytest.raises(ImproperlyConfigured, match="has a key of 15 bytes: it needs 16"):
        keys(env, "TRACKING_KEYS", default=None, min_bytes=16)


@pytest.mark.parametrize("name", ["PAYMENT_GATEWAY", "CARRIER"])
def test_a_simulated_gateway_is_refused_in_production_unless_allowed(
    env: environ.Env, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name, raising=False)
    with pytest.raises(ImproperlyConfigured, match=f"{name} is 'simulated'"):
        gateway(env, name, public_url="https://shop.example", allow_simulated=False)
    assert gateway(env, name, public_url="http://127.0.0.1:8000", allow_simulated=False) == "simulated"
    assert gateway(env, name, public_url="https://shop.example", allow_simulated=True) == "simulated"


def test_another_gateway_needs_no_permission(env: environ.Env, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENT_GATEWAY", "stripe")
    assert gateway(env, "PAYMENT_GATEWAY", public_url="https://shop.example", allow_simulated=False) == "stripe"


def test_a_production_start_with_simulated_gateways_ends_with_what_to_do() -> None:
    production = {**os.environ, "PUBLIC_URL": "https://shop.example", "ALLOW_SIMULATED": "false"}
    ended = subprocess.run(
        [sys.executable, "manage.py", "check"], env=production, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert "Set ALLOW_SIMULATED=true if this is a trial." in ended.stderr


@pytest.mark.parametrize(
    ("set_to", "fulfilment", "url", "found"),
    [
        (None, "simulated", "http://127.0.0.1", "simulated"),
        (None, "manual", "https://shop.example", "manual"),
        ("simulated", "manual", "http://127.0.0.1", "simulated"),
        ("manual", "manual", "https://shop.example", "manual"),
        ("simulated", "manual", "https://shop.example", "ALLOW_SIMULATED=true"),
        ("manual", "simulated", "http://127.0.0.1", "Set FULFILMENT=manual"),
        ("pigeon", "simulated", "http://127.0.0.1", "must be one of simulated, manual, webhook"),
    ],
)
def test_the_carrier_follows_who_fulfils(  # noqa: PLR0917 - the columns of the table
    env: environ.Env, monkeypatch: pytest.MonkeyPatch, set_to: str | None, fulfilment: str, url: str, found: str
) -> None:
    monkeypatch.delenv("CARRIER", raising=False)
    if set_to:
        monkeypatch.setenv("CARRIER", set_to)
    try:
        chosen = carrier(env, fulfilment=fulfilment, public_url=url, allow_simulated=False)
    except ImproperlyConfigured as fault:
        chosen = str(fault)
    assert found in chosen
