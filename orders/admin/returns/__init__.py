"""Returns: their list, and what staff decide of one."""
