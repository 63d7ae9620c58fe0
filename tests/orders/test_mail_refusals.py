"""What a mail backend's errors mean: a mail that will never be taken fails at once, any other is tried again."""

import json
import smtplib
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from anymail import exceptions as anymail
from django.core.mail import BadHeaderError
from django.core.mail.backends.base import BaseEmailBackend

from orders.errors import GatewayUnavailable, MailRefused
from orders.gateways.mail import RenderedEmail, mail_gateway
from tests.mail_server import MailServer, mail_server

EMAIL = RenderedEmail(
    message_id="<1@shop.example>", sender="s@shop.example", to="a@b.example", subject="S", text="T", html="<p>T</p>"
)
RAISING = f"{__name__}.Raising"
REFUSED, LATER = MailRefused, GatewayUnavailable


class Raising(BaseEmailBackend):
    """A backend that has this error of its own, or takes a mail to nobody."""

    error: Exception | None = None

    def send_messages(self, email_messages: Any) -> int:  # noqa: ARG002 - Django's signature
        if self.error:
            raise self.error
        return 0


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with mail_server() as running:
        settings.EMAIL_HOST, settings.EMAIL_PORT = running.server_address[:2]
        yield running


@pytest.mark.parametrize(
    ("stage", "answer", "meaning", "sentence"),
    [
        ("connect", "554 No service", REFUSED, "The mail server refuses our connection: 554."),
        ("connect", "421 Busy", LATER, "The mail was not taken: SMTPConnectError."),
        ("HELO", "550 Go away", REFUSED, "The mail server refuses our greeting: 550."),
        ("HELO", "421 Busy", LATER, "The mail was not taken: SMTPHeloError."),
        ("MAIL", "553 Not yours", REFUSED, "The mail server refuses the sender's address: 553."),
        ("MAIL", "451 Later", LATER, "The mail was not taken: SMTPSenderRefused."),
        ("MAIL", "530 Sign in", LATER, "The mail was not taken: SMTPSenderRefused."),
        ("RCPT", "550 Nobody", REFUSED, "The mail server refuses the address: 550."),
        ("RCPT", "450 Greylisted", LATER, "The mail server puts us off: [450]."),
        ("RCPT", "530 Sign in", LATER, "The mail server puts us off: [530]."),
        ("DATA", "554 No", REFUSED, "The mail server refuses the mail: 554."),
        ("DATA", "451 Later", LATER, "The mail was not taken: SMTPDataError."),
        ("after DATA", "554 Spam", REFUSED, "The mail server refuses the mail: 554."),
        ("after DATA", "552 Too large", REFUSED, "The mail server refuses the mail: 552."),
        ("after DATA", "452 Full", LATER, "The mail was not taken: SMTPDataError."),
        ("after DATA", "421 Closing", LATER, "The mail was not taken: SMTPDataError."),
    ],
)
def test_what_a_mail_server_answers_at_each_stage_is_final_or_not(
    server: MailServer, stage: str, answer: str, meaning: type[Exception], sentence: str
) -> None:
    server.answers = {stage: answer} | ({"EHLO": "502 What?"} if stage == "HELO" else {})
    with pytest.raises((MailRefused, GatewayUnavailable)) as told:
        mail_gateway().send(EMAIL)
    assert (type(told.value), str(told.value)) == (meaning, sentence)
    assert server.taken == []


@pytest.mark.parametrize("answer", ["535 Wrong", "534 Too weak", "504 Unknown"])
def test_a_password_that_is_refused_is_ours_to_mend_and_no_mail_is_lost_by_it(
    server: MailServer, settings: Any, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", "secret"
    server.answers = {"EHLO": "250-mail.example\r\n250 AUTH PLAIN", "AUTH": answer}
    with pytest.raises(GatewayUnavailable, match="SMTPAuthenticationError"):
        mail_gateway().send(EMAIL)
    assert (
        f"Mails wait: we are not set up as the mail server wants it: SMTPAuthenticationError {answer[:3]}"
        in caplog.text
    )
    server.answers.pop("AUTH")
    mail_gateway().send(EMAIL)
    assert len(server.taken) == 1


@pytest.mark.usefixtures("server")
def test_a_server_without_the_encryption_that_we_ask_for_is_ours_to_mend(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_USE_TLS = True
    with pytest.raises(GatewayUnavailable, match="SMTPNotSupportedError"):
        mail_gateway().send(EMAIL)
    assert "Mails wait" in caplog.text


@pytest.mark.parametrize("answer", ["554 No", "", "2" * 9000])
def test_a_mail_that_was_taken_stays_taken_whatever_the_server_says_to_our_goodbye(
    server: MailServer, answer: str
) -> None:
    server.answers = {"QUIT": answer}
    mail_gateway().send(EMAIL)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    "email", [{"subject": "a\nb"}, {"to": f"a@{'b' * 64}.ü.example"}, {"to": "a\nb@c.example"}, {"to": ""}]
)
def test_a_mail_that_cannot_be_written_is_refused(server: MailServer, email: dict[str, str]) -> None:
    with pytest.raises(MailRefused):
        mail_gateway().send(replace(EMAIL, **email))
    assert server.taken == []


def test_what_is_said_of_a_refusal_names_no_address_and_repeats_no_answer(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    for code in ("550", "450", "530"):
        server.answers = {"RCPT": f"{code} a@b.example is nobody"}
        with pytest.raises((MailRefused, GatewayUnavailable)) as told:
            mail_gateway().send(EMAIL)
        assert "b.example" not in str(told.value) + caplog.text
        assert "nobody" not in str(told.value) + caplog.text


def _api_error(status: int | None) -> anymail.AnymailAPIError:
    return anymail.AnymailAPIError("no", status_code=status)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (anymail.AnymailRecipientsRefused(), REFUSED),
        (anymail.AnymailInvalidAddress("a@"), REFUSED),
        (anymail.AnymailSerializationError("no"), REFUSED),
        (anymail.AnymailUnsupportedFeature("no"), REFUSED),
        *[(_api_error(status), REFUSED) for status in (400, 404, 406, 413, 422)],
        *[(_api_error(status), LATER) for status in (200, 401, 402, 403, 407, 408, 425, 429, 500, 503, None)],
        (anymail.AnymailConfigurationError("no key"), LATER),
        (BadHeaderError("no"), REFUSED),
        (None, REFUSED),
        (json.JSONDecodeError("no", "", 0), LATER),
        (smtplib.SMTPNotSupportedError("SMTPUTF8 not supported by server"), REFUSED),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), LATER),
        (smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"no"), "c@b.example": (450, b"later")}), LATER),
        (smtplib.SMTPRecipientsRefused({}), LATER),
        (smtplib.SMTPServerDisconnected(), LATER),
        (smtplib.SMTPException(), LATER),
        (ConnectionResetError(), LATER),
        (TimeoutError(), LATER),
        (socket.gaierror(), LATER),
        (RuntimeError(), LATER),
    ],
)
def test_what_a_provider_or_any_other_backend_raises_is_final_or_not(
    settings: Any, monkeypatch: pytest.MonkeyPatch, error: Exception | None, meaning: type[Exception]
) -> None:
    settings.EMAIL_BACKEND = RAISING
    monkeypatch.setattr(Raising, "error", error)
    with pytest.raises((MailRefused, GatewayUnavailable)) as told:
        mail_gateway().send(EMAIL)
    assert type(told.value) is meaning
