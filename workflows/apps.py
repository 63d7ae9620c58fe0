"""The Django app of the workflows and workers."""

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """Provides the management commands that run the workers; it has no tables."""

    name = "workflows"
