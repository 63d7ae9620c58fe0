"""What guards the customers' pages: counts of what was tried."""

from django.db import models


class ThrottleWindow(models.Model):
    """How often something was tried since `started_at`, for the length of one window. `key` is a keyed digest.

    The table is unlogged: a write to it waits for no disk, and a crash forgets the counts, which harms nobody.
    """

    key = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField()
    used = models.IntegerField()

    class Meta:
        db_table = "throttle_windows"

    def __str__(self) -> str:
        return f"{self.used} since {self.started_at}"
