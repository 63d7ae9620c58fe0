"""The order row under its lock: its status, events, attention, search text, and the deliveries written with events."""
