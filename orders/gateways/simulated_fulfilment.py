"""Fulfilment without people: it fails as the service level says."""

WITHDRAWN, OUT_OF_STOCK = "sim_withdrawn", "sim_out_of_stock"
FULFILMENT_LEVELS = frozenset({WITHDRAWN, OUT_OF_STOCK})


def is_withdrawn(service_level: str) -> bool:
    """Whether the level was offered when the order was checked, and is not when shipping begins."""
    return service_level == WITHDRAWN


def is_out_of_stock(service_level: str) -> bool:
    """Whether goods are missing at the first attempt; they have come when the order is shipped again."""
    return service_level == OUT_OF_STOCK
