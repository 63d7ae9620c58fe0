"""People of the admin and clients of the API: accounts, keys, saved views, second factor."""
