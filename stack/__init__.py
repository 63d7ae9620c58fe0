"""The whole of Orderlife on one machine: PostgreSQL, Temporal, web and workers as children of one process."""
