"""The web server: waitress, with bounds on what one client can take of it. `python -m orderlife.server` runs it."""
