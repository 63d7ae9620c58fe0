"""Returns of delivered orders."""
