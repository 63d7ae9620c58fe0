"""Sources of the settings: the process environment, then `.env`, then a running `make up`."""

import base64
import binascii
import json
import os
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import cast

import environ
from django.core.exceptions import ImproperlyConfigured

from orders.money import CURRENCIES

# The scheme `filemail://` in EMAIL_URL: one file for each e-mail.
MAIL_FILES = "orders.gateways.mail_files.EmailBackend"
BASE_DIR = Path(__file__).resolve().parent.parent
# A shorter key can be found by brute force; Standard Webhooks recommends 24 bytes.
MIN_SECRET_BYTES = 16
_STRIPE, _STRIPE_SECRET = "payments/stripe", re.compile(r"whsec_[A-Za-z0-9_+/=-]*")
_WEBHOOK_SENDER = re.compile(r"(carriers|payments)/[A-Za-z0-9._-]{1,50}")
DATA_DIR = Path(os.environ.get("ORDERLIFE_DATA_DIR", BASE_DIR / ".data"))


def load() -> environ.Env:
    """Read `.env` and the values of the running stack into the environment, without overriding what is set."""
    environ.Env.read_env(str(BASE_DIR / ".env"))
    if "DATABASE_URL" not in os.environ and (stack := running_stack()):
        environ.Env.read_env(str(DATA_DIR / "secrets.env"))
        os.environ.setdefault("DATABASE_URL", str(stack["database_url"]))
        os.environ.setdefault("TEMPORAL_ADDRESS", str(stack["temporal"]))
        os.environ.setdefault("PUBLIC_URL", str(stack["web"]))
    return environ.Env()


def running_stack() -> dict[str, object] | None:
    """The content of `.data/stack.json`, if the process that wrote it is still running."""
    try:
        stack = json.loads((DATA_DIR / "stack.json").read_text())
        os.kill(stack["pid"], 0)
    except (OSError, ValueError, KeyError):
        return None
    return cast("dict[str, object]", stack)


def required(env: environ.Env, name: str, remedy: str) -> str:
    """The value of `name`.

    Raises:
        ImproperlyConfigured: it is not set; the message is one line that says what to do.
    """
    value = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {remedy}")
    return str(value)


def mail_settings(env: environ.Env) -> dict[str, object]:
    """Django's e-mail settings, from EMAIL_URL or EMAIL_BACKEND. `MAILS`: whether e-mails are sent at all."""
    url, backend = env.str("EMAIL_URL", default=""), env.str("EMAIL_BACKEND", default="")
    found: dict[str, object] = {"MAILS": bool(url or backend)}
    if url:
        found |= {name: value for name, value in env.email_url("EMAIL_URL").items() if value is not None}
        if found["EMAIL_BACKEND"] == environ.Env.EMAIL_SCHEMES["filemail"]:
            found["EMAIL_BACKEND"] = MAIL_FILES
        found["EMAIL_FILE_PATH"] = "/" + str(found.get("EMAIL_FILE_PATH", "")).lstrip("/")
    if backend:
        found["EMAIL_BACKEND"] = backend
    return found


def logging_settings(env: environ.Env) -> dict[str, object]:
    """Django's LOGGING: everything goes to stderr, in the format of LOG_FORMAT, from LOG_LEVEL on."""
    formats = {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "orderlife.logs.json_lines"},
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": formats[one_of(env, "LOG_FORMAT", ("plain", "json"))]},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    }


def one_of(env: environ.Env, name: str, values: tuple[str, ...]) -> str:
    """The value of `name`; the first of `values` by default.

    Raises:
        ImproperlyConfigured: it is none of them.
    """
    value = str(env.str(name, default=values[0]))
    if value not in values:
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be one of {', '.join(values)}.")
    return value


def gateway(env: environ.Env, name: str, *, public_url: str, allow_simulated: bool) -> str:
    """The value of `name`, which chooses an outside system; simulated by default.

    Raises:
        ImproperlyConfigured: it is simulated although `PUBLIC_URL` is https and `ALLOW_SIMULATED` is not set.
    """
    value = str(env.str(name, default="simulated"))
    if value.startswith("simulated") and public_url.startswith("https://") and not allow_simulated:
        raise ImproperlyConfigured(
            f"{name} is {value!r}, which moves neither money nor parcels, and PUBLIC_URL is {public_url}. "
            "Set ALLOW_SIMULATED=true if this is a trial."
        )
    return value


def carrier(env: environ.Env, *, fulfilment: str, public_url: str, allow_simulated: bool) -> str:
    """The value of CARRIER; `manual` by default where people fulfil orders.

    Raises:
        ImproperlyConfigured: there is no such carrier gateway, it does not go with `fulfilment`, or it is simulated
            where that is refused.
    """
    values = ("manual", "simulated", "webhook") if fulfilment == "manual" else ("simulated", "manual", "webhook")
    if one_of(env, "CARRIER", values) == "manual":
        if fulfilment == "manual":
            return "manual"
        raise ImproperlyConfigured(
            "CARRIER is 'manual', which books no labels, and FULFILMENT is 'simulated', which waits for labels. "
            "Set FULFILMENT=manual, or another CARRIER."
        )
    return gateway(env, "CARRIER", public_url=public_url, allow_simulated=allow_simulated)


def currency_in_use(name: str, value: str) -> str:
    """The value, a currency code.

    Raises:
        ImproperlyConfigured: it is not a currency in use.
    """
    if value not in CURRENCIES:
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be an ISO 4217 currency that is in use, such as USD.")
    return value


def amounts(env: environ.Env, name: str, default: str) -> dict[str, Decimal]:
    """Amounts in major units by currency, as in `500,JPY:60000`; one without a currency applies to all others (`""`).

    Raises:
        ImproperlyConfigured: one of them is not an amount.
    """
    found = {}
    for text in filter(None, map(str.strip, env.str(name, default=default).split(","))):
        currency, _, amount = text.rpartition(":")
        try:
            found[currency.strip().upper()] = Decimal(amount.strip())
        except InvalidOperation:
            raise ImproperlyConfigured(f"{name} has {text!r}: it must be like 500 or JPY:60000.") from None
    return found


def keys(env: environ.Env, name: str, default: str | None, min_bytes: int = 1) -> list[str]:
    """Secret keys, separated by commas, newest first; `default` if none is set, or no key at all.

    Raises:
        ImproperlyConfigured: one is empty, with which anybody could sign, has fewer than `min_bytes`, or is repeated.
    """
    value = env.str(name, default="").strip()
    found = [key.strip() for key in value.split(",")] if value else [default] if default is not None else []
    if not all(found):
        raise ImproperlyConfigured(f"{name} has an empty key: remove the comma that is too much.")
    if len(set(found)) < len(found):
        raise ImproperlyConfigured(f"{name} has the same key twice.")
    shortest = min((len(key.encode()) for key in found), default=min_bytes)
    if shortest < min_bytes:
        raise ImproperlyConfigured(f"{name} has a key of {shortest} bytes: it needs {min_bytes}.")
    return found


def webhook_secrets(env: environ.Env, name: str) -> list[str]:
    """The secrets of webhook senders: `carriers/CODE=whsec_...` and `payments/NAME=whsec_...`, separated by commas.

    Raises:
        ImproperlyConfigured: one of them names no sender, or its key is invalid or too short. The message contains no
            secret.
    """
    value = env.str(name, default="").strip()
    entries = [entry.strip() for entry in value.split(",")] if value else []
    known: set[tuple[str, bytes]] = set()
    for number, entry in enumerate(entries, start=1):
        sender, _, secret = entry.partition("=")
        fault = _fault_of_secret(sender, secret)
        if not fault and (pair := (sender, _bytes_of(sender, secret))) in known:
            fault = "stands there twice"
        if fault:
            raise ImproperlyConfigured(f"{name}: entry {number} {fault}.")
        known.add(pair)
    return entries


def _fault_of_secret(sender: str, secret: str) -> str:
    if not _WEBHOOK_SENDER.fullmatch(sender):
        return "must begin with carriers/CODE= or payments/NAME="
    try:
        key = _bytes_of(sender, secret)
    except (binascii.Error, ValueError):
        if sender == _STRIPE:
            return f"({sender}) must be whsec_ and letters, as Stripe shows it"
        return f"({sender}) must be whsec_ and base64"
    if len(key) < MIN_SECRET_BYTES:
        return f"({sender}) has a key of {len(key)} bytes: it needs {MIN_SECRET_BYTES}"
    return ""


def _bytes_of(sender: str, secret: str) -> bytes:
    if sender == _STRIPE:  # it signs with the text
        if not _STRIPE_SECRET.fullmatch(secret):
            raise ValueError
        return secret.removeprefix("whsec_").encode()
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
