"""The process that carries orders."""

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """Owns the management commands that run the workers; it has no tables."""

    name = "workflows"
