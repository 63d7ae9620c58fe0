"""Orders in review, and refunds that await a second person's approval."""
