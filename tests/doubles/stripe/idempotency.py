"""Idempotency keys: the first answer is kept for 24 hours of the double's clock and replayed."""

import hashlib
import json
from datetime import timedelta

from tests.doubles.stripe.account import Account
from tests.doubles.stripe.errors import ApiError, Json, key_used_otherwise

KEPT_FOR = timedelta(hours=24).total_seconds()
MAX_LENGTH = 255


def check_key(key: str) -> None:
    if len(key) > MAX_LENGTH:
        raise ApiError(f"Idempotency keys have at most {MAX_LENGTH} characters.")


def fingerprint(method: str, path: str, values: Json) -> str:
    """The same for the same call with the same parameters."""
    return hashlib.sha256(f"{method} {path} {json.dumps(values, sort_keys=True)}".encode()).hexdigest()


def keep(account: Account, key: str, call: str, **answer: str | int) -> None:
    """Keep `request_id`, `status` and `content` of an answer."""
    account.keep_answer(key, {"call": call, "at": account.clock.now(), **answer})


def kept(account: Account, key: str, call: str) -> Json | None:
    """The answer to replay, if the key is still known.

    Raises:
        ApiError: the key was used for another call.
    """
    answer = account.answers.get(key)
    if answer is None or account.clock.now() - answer["at"] >= KEPT_FOR:
        return None
    if answer["call"] != call:
        raise key_used_otherwise(key)
    return answer
