"""Picking, packing, labels, hand-over and delivery, by people or automatic."""
