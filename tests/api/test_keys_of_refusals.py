"""What becomes of an Idempotency-Key whose request was refused: the API does what its two descriptions say."""

import json
import re
from typing import Any

import pytest
from pytest_django import Settings

from orders.api.description import built
from orders.api.problem_kinds import KINDS
from orders.services.staff.api_keys import create_api_key
from stack.state import ROOT
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique

UNUSED, SAYS_NEW_KEY = "not used yet", r"new (?:Idempotency-Key|key)"
INVALID: dict[str, Any] = {
    "a field is missing": {**ORDER, "customer_name": ""},
    "it adds up to less than nothing": {**ORDER, "discount": "100.00"},
    "too many decimals": {**ORDER, "shipping": "0.001"},
    "no such country": {**ORDER, "shipping_address": {**ORDER["shipping_address"], "country": "ZZ"}},
    "no JSON": b"{",
}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_a_request_that_was_not_valid_is_sent_again_with_its_key(shop: Shop, body: Any) -> None:
    key = unique()
    for _ in range(2):
        refused = shop.post("/orders", body, idempotency_key=key)
        assert (refused.status_code in (400, 422), "Idempotency-Replayed" in refused) == (True, False)
    mended = shop.post("/orders", ORDER, idempotency_key=key)
    assert (mended.status_code, "Idempotency-Replayed" in mended) == (201, False)


def test_a_url_that_is_registered_already_leaves_the_key_unused(settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    shop, key = Shop(create_api_key(f"shop {unique()}", ["webhooks"])), unique()
    assert shop.post("/webhook-endpoints", {"url": "https://127.0.0.1/a"}).status_code == 201
    for url, status in (("https://127.0.0.1/a", 422), ("https://127.0.0.1/b", 201)):
        answer = shop.post("/webhook-endpoints", {"url": url}, idempotency_key=key)
        assert (answer.status_code, "Idempotency-Replayed" in answer) == (status, False)


def documented() -> dict[str, str]:
    """What `docs/api.md` says to do, by the code of the answer."""
    rows = re.findall(r"^\| ([^|]*`[a-z_]+`[^|]*) \| ([^|]*) \|$", (ROOT / "docs/api.md").read_text(), re.MULTILINE)
    return {code: said for answers, said in rows for code in re.findall(r"`([a-z_]+)`", answers) if code in KINDS}


@pytest.mark.parametrize(
    "code", ["malformed_body", "invalid_request", "reference_taken", "command_refused", "idempotency_key_reused"]
)
def test_the_docs_and_openapi_agree_on_the_key(code: str) -> None:
    said, advice = documented()[code], KINDS[code].advice
    assert (UNUSED in said) == (UNUSED in advice) == (code in ("malformed_body", "invalid_request"))
    if code != "idempotency_key_reused":
        assert bool(re.search(SAYS_NEW_KEY, said)) == bool(re.search(SAYS_NEW_KEY, advice)) == (UNUSED not in said)


def test_openapi_gives_that_advice() -> None:
    refusals = json.loads(built()[0])["paths"]["/orders"]["post"]["responses"]
    for status, code in (("422", "invalid_request"), ("400", "malformed_body"), ("409", "command_refused")):
        example = refusals[status]["content"]["application/problem+json"]["example"]
        assert example["detail"] == KINDS[code].advice
