"""Composition: settings, URLs and the WSGI entry point. Only Django imports this package."""
