"""Orderlife on one machine: PostgreSQL, Temporal, web server and workers as children of one process."""
