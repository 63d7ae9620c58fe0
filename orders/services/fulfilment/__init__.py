"""Picking, packing, labels, hand-over and delivery, whether people or the simulation do it."""
