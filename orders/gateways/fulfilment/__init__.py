"""Fulfilment that follows by itself: what can keep it from picking or packing, and the one that is configured."""
