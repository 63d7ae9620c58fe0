"""Mails, whoever carries them: Django's mail backends behind one call."""

import smtplib
from dataclasses import dataclass
from typing import Protocol

from django.core.mail import EmailMultiAlternatives, get_connection

from orders.errors import GatewayUnavailable, MailRefused


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail, ready to be sent. `message_id` is the same each time it is sent."""

    message_id: str
    sender: str
    to: str
    subject: str
    text: str
    html: str


class MailGateway(Protocol):
    """Whoever carries mails."""

    def send(self, letter: Letter) -> None:
        """Hand this over once.

        Raises:
            MailRefused: it never will be taken, as it stands.
            GatewayUnavailable: it was not taken, or whether it was is unknown.
        """
        ...


class DjangoMail:
    """The backend that the settings name: files, SMTP, or a provider by way of anymail."""

    def send(self, letter: Letter) -> None:
        """As `MailGateway.send`."""
        message = EmailMultiAlternatives(
            letter.subject,
            letter.text,
            letter.sender,
            [letter.to],
            headers={"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated"},
            alternatives=[(letter.html, "text/html")],
            connection=get_connection(),
        )
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if codes and min(codes) >= 500:
                raise MailRefused(f"The mail server refuses the address: {codes[0]}.") from None
            raise GatewayUnavailable(f"The mail server puts us off: {codes[:1]}.") from None
        except Exception as error:  # noqa: BLE001 - every backend has errors of its own
            raise GatewayUnavailable(f"The mail was not taken: {type(error).__name__}.") from None


def mail_gateway() -> MailGateway:
    """The one that the settings ask for."""
    return DjangoMail()
