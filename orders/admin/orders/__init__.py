"""The list of orders, the page of one, and what staff can do with it."""
