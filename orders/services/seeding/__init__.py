"""Made-up orders in great number, for trying out and measuring. `copying.py` writes them."""
