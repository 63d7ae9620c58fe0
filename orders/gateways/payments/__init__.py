"""Payment gateways: the protocol, its implementations, and the choice between them by setting."""
