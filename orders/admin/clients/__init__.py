"""API clients: their keys, their webhook endpoints, and what was delivered."""
