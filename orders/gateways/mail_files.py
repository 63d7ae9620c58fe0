"""E-mails as files that an e-mail program opens: one `.eml` each, in the order of sending."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend as FileBackend
from django.utils import timezone


class EmailBackend(FileBackend):
    """One file per e-mail. Django's own file backend writes several into one `.log` file."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each message into `EMAIL_FILE_PATH`."""
        for message in email_messages:
            name = f"{timezone.localtime():%Y%m%d-%H%M%S-%f}-{uuid4().hex[:8]}.eml"
            (Path(self.file_path) / name).write_bytes(_as_sent(message))
        return len(email_messages)

    def open(self) -> bool:
        return False


def _as_sent(message: EmailMessage) -> bytes:
    return message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # Django's own messages take it
