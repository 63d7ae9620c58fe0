"""The web server: waitress, with limits for each client. `python -m orderlife.server` runs it."""
