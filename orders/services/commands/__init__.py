"""Commands from request to outcome: issue, approval, outbox, settlement, deadlines."""
