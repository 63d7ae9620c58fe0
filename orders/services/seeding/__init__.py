"""Made-up orders in large numbers, for trials and benchmarks. `copying.py` writes them."""
