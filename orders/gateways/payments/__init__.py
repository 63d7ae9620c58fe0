"""Payment gateways: one protocol, its implementations, and the one that is configured."""
