"""Automatic fulfilment: the protocol, its simulated implementation, and the one that is configured."""
