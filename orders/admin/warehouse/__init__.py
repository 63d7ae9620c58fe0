"""Picking, packing and hand-over, with a scanner or without."""
