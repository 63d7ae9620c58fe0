"""The order row under its lock: status, events, flags, search tokens, and the deliveries written with events."""
