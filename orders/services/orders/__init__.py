"""What becomes of an order as such: placement, review, holds, address, cancellation, recovery, notes."""
