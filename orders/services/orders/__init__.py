"""The order itself: placement, review, holds, address, cancellation, recovery, notes."""
