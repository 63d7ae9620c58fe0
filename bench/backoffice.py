"""Response times of the admin's pages with many orders, through the web server as `make up` runs it.

The orders are those of `bench/seeded.py`. One member of staff asks; each pair asks for every page.
"""

import http.client
import random
import secrets
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import psycopg

from bench.figures import Measurement, Quantity, Sample, figures_of, percentile
from bench.options import Options
from bench.seeded import orders_in
from bench.servers import Rig, manage
from stack.ports import HOST

# How often each pair asks for each page.
TIMES = 12
TIMEOUT_SECONDS = 60
EMPTY, ORDER_PAGE = "an empty view", "an order's page"
LIST = "/admin/orders/order/"

Queries = Iterator[dict[str, str]]


def measure(servers: Rig, options: Options) -> Iterator[Measurement]:
    """Median and 95th percentile of each page."""
    conditions = {"orders": orders_in(servers.url), "pairs": options.pairs, "requests of each": TIMES}
    found = Measurement("backoffice", dict(conditions))
    name, password = f"bench-{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    _make_staff(servers.url, name, password)
    samples: dict[str, list[Sample]] = {}
    with servers.web() as web, psycopg.connect(servers.url, autocommit=True) as database:
        desk = Desk(web.port)
        desk.log_in(name, password)
        for _ in range(options.pairs):
            for page, taken in _pages(desk, database):
                times = {Quantity(f"p{cut}", "ms"): percentile(taken, cut) for cut in (50, 95)}
                samples.setdefault(page, []).append(times)
    for page, each in samples.items():
        found.figures += figures_of(page, each)
    yield found


class Desk:
    """A member of staff as an HTTP client with cookies."""

    def __init__(self, port: int) -> None:
        self._wire = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
        self._cookies: dict[str, str] = {}

    def log_in(self, name: str, password: str) -> None:
        """Log in through the login page."""
        self._ask("GET", "/admin/login/")
        form = {"username": name, "password": password, "csrfmiddlewaretoken": self._cookies["csrftoken"]}
        status, _ = self._ask("POST", "/admin/login/?next=/healthz", urlencode(form))
        assert status == 302, status

    def timed(self, path: str, queries: Queries) -> list[float]:
        """The response times in milliseconds, without the first."""
        taken = []
        for query in queries:
            began = time.perf_counter()
            status, body = self._ask("GET", f"{path}?{urlencode(query)}" if query else path)
            taken.append((time.perf_counter() - began) * 1000)
            assert status == 200, f"{status} {path} {query} {body[:300]!r}"
        return taken[1:]

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._wire.request(method, path, body, headers)
        answer = self._wire.getresponse()
        for header in answer.headers.get_all("set-cookie") or []:
            name, _, value = header.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.read()


def _pages(desk: Desk, database: psycopg.Connection) -> Iterator[tuple[str, list[float]]]:
    """Name and response times of each kind of page, in milliseconds."""
    yield EMPTY, desk.timed("/healthz", _same({}))
    for name, path, queries in _requests(database):
        yield name, desk.timed(path, queries)
    orders = _column(database, "SELECT id::text FROM orders TABLESAMPLE SYSTEM (1) LIMIT 400")
    yield ORDER_PAGE, [desk.timed(f"{LIST}{order}/change/", iter([{}, {}]))[0] for order in _some(orders)]


def _requests(database: psycopg.Connection) -> Iterator[tuple[str, str, Queries]]:
    """Name, path and queries of each kind of request."""
    fixed: dict[str, dict[str, str]] = {
        "the list": {},
        "the list, page 20": {"p": "20"},
        **{f"status {status}": {"status__exact": status} for status in ("in_review", "delivered", "cancelled")},
        **{f"waiting for {waiting}": {"waiting_for": waiting} for waiting in ("review", "handover", "payment_return")},
        "needs attention": {"needs_attention__exact": "1"},
        "held": {"held__exact": "1"},
        "not held": {"held__exact": "0"},
        **{f"payment {paid}": {"paid": paid} for paid in PAID},
        **{f"parcel {parcel}": {"parcel": parcel} for parcel in PARCELS},
        "sent off by people": {"fulfilment": "manual"},
        "declined and cancelled": {"paid": "declined", "status__exact": "cancelled"},
        "held and charged": {"held__exact": "1", "paid": "charged"},
    }
    yield "the dashboard", "/admin/", _same({})
    yield from ((name, LIST, _same(query)) for name, query in fixed.items())
    clients = _column(database, "SELECT id::text FROM api_clients")
    yield "a client", LIST, ({"client": random.choice(clients)} for _ in range(TIMES))
    days = _column(database, "SELECT DISTINCT created_at::date::text FROM orders TABLESAMPLE SYSTEM (1)")
    yield "a day", LIST, ({"placed_from": day, "placed_to": day} for day in _some(days))
    sums = [str(random.randrange(1, 1500)) for _ in range(TIMES)]
    yield "a total", LIST, ({"worth_from": least, "worth_currency": "EUR"} for least in sums)
    for name, sql in SEARCHES.items():
        yield f"search by {name}", LIST, ({"q": text} for text in _some(_column(database, sql)))
    yield "search for nothing", LIST, ({"q": f"nobody{number}"} for number in range(TIMES))
    yield (
        "search for many",
        LIST,
        ({"q": text} for text in _some(["ada", "john", "LAM-", "@", "berg", "s", "kett", "sofia"])),
    )
    yield (
        "search among shipped",
        LIST,
        ({"q": text, "status__exact": "shipped"} for text in _some(["ada", "stone", "TEA-"])),
    )


PAID = ("nothing", "open", "declined", "charged", "refunded_in_part", "refunded")
PARCELS = ("nothing", "label", "underway", "delivered", "failed", "voided")
SEARCHES = {
    "number": "SELECT code FROM orders TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "a number begun": "SELECT left(code, 5) FROM orders TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "reference": "SELECT reference FROM orders TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "a reference begun": "SELECT left(reference, 8) FROM orders TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "e-mail address": "SELECT customer_email FROM orders TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "an address begun": "SELECT left(customer_email, 8) FROM orders TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "name": "SELECT customer_name FROM orders TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "family name": "SELECT split_part(customer_name, ' ', 2) FROM orders TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "a word begun": "SELECT left(split_part(customer_name, ' ', 2), 5) FROM orders TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "SKU": "SELECT sku FROM order_items TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "a SKU begun": "SELECT left(sku, 6) FROM order_items TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "tracking number": "SELECT tracking_number FROM shipments TABLESAMPLE SYSTEM (1) LIMIT 1000",
    "a tracking number begun": "SELECT left(tracking_number, 6) FROM shipments TABLESAMPLE SYSTEM (1) LIMIT 1000",
}


def _same(query: dict[str, str]) -> Queries:
    return (query for _ in range(TIMES))


def _some(texts: list[str]) -> list[str]:
    return random.choices(texts, k=TIMES)


def _column(database: psycopg.Connection, sql: str) -> list[str]:
    found = [str(value) for (value,) in database.execute(sql.encode()) if value]
    return found or [str(value) for (value,) in database.execute(sql.replace(" TABLESAMPLE SYSTEM (1)", "").encode())]


def _make_staff(url: str, name: str, password: str) -> None:
    who = ("--username", name, "--email", "bench@localhost")
    manage(url, "createsuperuser", "--no-input", *who, "--verbosity=0", DJANGO_SUPERUSER_PASSWORD=password)
