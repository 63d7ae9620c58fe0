"""Anchors of events: the heads of the orders' hash chains, signed into a file outside the database."""
