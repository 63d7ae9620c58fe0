"""How every process connects to PostgreSQL; options in DATABASE_URL take precedence."""

from typing import Any

from psycopg import _queries

# The statement of a step is longer than what psycopg keeps converted to PostgreSQL's placeholders, and has more values;
# converting it each time costs a tenth of a request.
_queries.MAX_CACHED_STATEMENT_LENGTH = 20_000
_queries.MAX_CACHED_STATEMENT_PARAMS = 300

# A client that stops responding must not keep an order's lock: no transaction waits for anything but PostgreSQL, so one
# that is idle for ten seconds has lost its client. Either end notices a dead peer within 25 seconds.
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_UNANSWERED = {"tcp_user_timeout": 25_000}  # milliseconds
_SERVER_SIDE = {
    "idle_in_transaction_session_timeout": "10s",
    **{f"tcp_{name}": value for name, value in _KEEPALIVE.items()},
    **_UNANSWERED,
}
CONNECTION: dict[str, Any] = {
    "connect_timeout": 10,
    # Values travel beside the statement, so that a repeated one is parsed and planned once for each connection.
    "server_side_binding": True,
    "prepare_threshold": 5,
    **_KEEPALIVE,
    **_UNANSWERED,
    "options": " ".join(f"-c {name}={value}" for name, value in _SERVER_SIDE.items()),
}
