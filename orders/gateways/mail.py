"""The e-mail gateway: Django's e-mail backends behind one call."""

import contextlib
import logging
import smtplib
from dataclasses import dataclass
from typing import Protocol

from django.core.mail import EmailMultiAlternatives, get_connection

from orders.errors import GatewayUnavailable, MailRefused
from orders.gateways.mail_refusals import is_configuration, permanent_refusal

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RenderedEmail:
    """An e-mail ready to be sent. `message_id` is the same for every attempt."""

    message_id: str
    sender: str
    to: str
    subject: str
    text: str
    html: str


class MailGateway(Protocol):
    def send(self, email: RenderedEmail) -> None:
        """Hand the e-mail over, once.

        Raises:
            MailRefused: it will never be accepted as it is.
            GatewayUnavailable: it was not accepted, or the outcome is unknown.
        """
        ...


class DjangoMail:
    """The backend that the settings name: files, SMTP, or a provider through anymail."""

    def send(self, email: RenderedEmail) -> None:
        connection = get_connection()
        message = EmailMultiAlternatives(
            email.subject,
            email.text,
            email.sender,
            [email.to],
            headers={"Message-ID": email.message_id, "Auto-Submitted": "auto-generated"},
            alternatives=[(email.html, "text/html")],
            connection=connection,
        )
        try:
            connection.open()
            taken = message.send()
        except Exception as error:  # noqa: BLE001 - every backend has errors of its own
            raise _as_ours(error) from None
        finally:
            # The server has accepted or refused the e-mail already; an error while closing does not matter.
            with contextlib.suppress(Exception):
                connection.close()
        if taken == 0:
            raise MailRefused("The mail backend sent the mail to nobody.")


def _as_ours(error: Exception) -> MailRefused | GatewayUnavailable:
    """The error class for a backend's error."""
    if refusal := permanent_refusal(error):
        return MailRefused(refusal)
    if is_configuration(error):
        code = getattr(error, "smtp_code", None) or getattr(error, "status_code", None) or ""
        logger.warning("Mails wait: we are not set up as the mail server wants it: %s %s", type(error).__name__, code)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return GatewayUnavailable(f"The mail server puts us off: {codes[:1]}.")
    return GatewayUnavailable(f"The mail was not taken: {type(error).__name__}.")


def mail_gateway() -> MailGateway:
    return DjangoMail()
