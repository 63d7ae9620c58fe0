"""One action on many orders: preview, confirmation, progress."""
