"""Composition: settings, URLs and the WSGI entry point. Nothing imports this package but Django."""
