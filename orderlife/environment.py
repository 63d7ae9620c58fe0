"""Where the settings come from: the process environment, then `.env`, then the stack that `make up` runs here."""

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

# What `filemail://` means in EMAIL_URL: files that a mail program opens.
MAIL_FILES = "orders.gateways.mail_files.EmailBackend"
BASE_DIR = Path(__file__).resolve().parent.parent
# A key that is shorter can be found by trying; Standard Webhooks recommends 24 bytes.
MIN_SECRET_BYTES = 16
_WEBHOOK_SENDER = re.compile(r"(carriers|payments)/[A-Za-z0-9._-]{1,50}")
DATA_DIR = Path(os.environ.get("ORDERLIFE_DATA_DIR", BASE_DIR / ".data"))


def load() -> environ.Env:
    """Read `.env` and the running stack's own answers into the environment, never over what is already set."""
    environ.Env.read_env(str(BASE_DIR / ".env"))
    if "DATABASE_URL" not in os.environ and (stack := running_stack()):
        environ.Env.read_env(str(DATA_DIR / "secrets.env"))
        os.environ.setdefault("DATABASE_URL", str(stack["database_url"]))
        os.environ.setdefault("TEMPORAL_ADDRESS", str(stack["temporal"]))
        os.environ.setdefault("PUBLIC_URL", str(stack["web"]))
    return environ.Env()


def running_stack() -> dict[str, object] | None:
    """What `.data/stack.json` says, if the process that wrote it is still alive."""
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
    """Django's own settings for mails, from EMAIL_URL or EMAIL_BACKEND. `MAILS` is whether there are to be any."""
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


def one_of(env: environ.Env, name: str, values: tuple[str, ...]) -> str:
    """The value of `name`, the first of `values` by default.

    Raises:
        ImproperlyConfigured: it is none of them.
    """
    value = str(env.str(name, default=values[0]))
    if value not in values:
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be one of {', '.join(values)}.")
    return value


def gateway(env: environ.Env, name: str, *, public_url: str, allow_simulated: bool) -> str:
    """The value of `name`, which chooses an outside system; a simulated one unless another is named.

    Raises:
        ImproperlyConfigured: it would be simulated where customers come by https, and nobody said that it may be.
    """
    value = str(env.str(name, default="simulated"))
    if value.startswith("simulated") and public_url.startswith("https://") and not allow_simulated:
        raise ImproperlyConfigured(
            f"{name} is {value!r}, which moves neither money nor parcels, and PUBLIC_URL is {public_url}. "
            "Set ALLOW_SIMULATED=true if this is a trial."
        )
    return value


def currency_in_use(name: str, value: str) -> str:
    """The value, which is the currency of orders that name none.

    Raises:
        ImproperlyConfigured: nobody pays in it.
    """
    if value not in CURRENCIES:
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be an ISO 4217 currency that is in use, such as USD.")
    return value


def amounts(env: environ.Env, name: str, default: str) -> dict[str, Decimal]:
    """Amounts in major units by currency, as in `500,JPY:60000`; the one without a currency is for all others (`""`).

    Raises:
        ImproperlyConfigured: one of them is no amount.
    """
    found = {}
    for text in filter(None, map(str.strip, env.str(name, default=default).split(","))):
        currency, _, amount = text.rpartition(":")
        try:
            found[currency.strip().upper()] = Decimal(amount.strip())
        except InvalidOperation:
            raise ImproperlyConfigured(f"{name} has {text!r}: it must be like 500 or JPY:60000.") from None
    return found


def keys(env: environ.Env, name: str, default: str) -> list[str]:
    """Secret keys, separated by commas, the newest first; `default` alone where none are set.

    Raises:
        ImproperlyConfigured: one of them is empty, which anybody could sign with, or stands twice.
    """
    value = env.str(name, default="").strip()
    found = [key.strip() for key in value.split(",")] if value else [default]
    if not all(found):
        raise ImproperlyConfigured(f"{name} has an empty key: remove the comma that is too much.")
    if len(set(found)) < len(found):
        raise ImproperlyConfigured(f"{name} has the same key twice.")
    return found


def webhook_secrets(env: environ.Env, name: str) -> list[str]:
    """Who may send webhooks: `carriers/CODE=whsec_...` and `payments/NAME=whsec_...`, separated by commas.

    Raises:
        ImproperlyConfigured: one of them names nobody, or holds no key that keeps strangers out. The message names no
            secret.
    """
    value = env.str(name, default="").strip()
    entries = [entry.strip() for entry in value.split(",")] if value else []
    known: set[tuple[str, bytes]] = set()
    for number, entry in enumerate(entries, start=1):
        sender, _, secret = entry.partition("=")
        fault = _fault_of_secret(sender, secret)
        if not fault and (pair := (sender, _bytes_of(secret))) in known:
            fault = "stands there twice"
        if fault:
            raise ImproperlyConfigured(f"{name}: entry {number} {fault}.")
        known.add(pair)
    return entries


def _fault_of_secret(sender: str, secret: str) -> str:
    if not _WEBHOOK_SENDER.fullmatch(sender):
        return "must begin with carriers/CODE= or payments/NAME="
    try:
        key = _bytes_of(secret)
    except (binascii.Error, ValueError):
        return f"({sender}) must be whsec_ and base64"
    if len(key) < MIN_SECRET_BYTES:
        return f"({sender}) has a key of {len(key)} bytes: it needs {MIN_SECRET_BYTES}"
    return ""


def _bytes_of(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
