"""Staff and API clients: groups, API keys, saved views, second factor."""
