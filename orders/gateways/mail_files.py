"""Mails as files that a mail program opens: one `.eml` for each, in the order in which they were sent."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend as FileBackend
from django.utils import timezone


class EmailBackend(FileBackend):
    """Django's own writes `.log` files, of several mails with lines of dashes between them."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each into `EMAIL_FILE_PATH`."""
        for message in email_messages:
            name = f"{timezone.localtime():%Y%m%d-%H%M%S-%f}-{uuid4().hex[:8]}.eml"
            (Path(self.file_path) / name).write_bytes(_as_sent(message))
        return len(email_messages)

    def open(self) -> bool:
        """Nothing is kept open."""
        return False


def _as_sent(message: EmailMessage) -> bytes:
    return message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # Django's own messages take it
