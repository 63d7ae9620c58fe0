"""Mails as files, as the embedded stack has them."""

import os
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from unittest.mock import patch

import environ
import pytest
from django.core.mail import send_mail, send_mass_mail

from orderlife.environment import MAIL_FILES, mail_settings
from orders.gateways.mail import RenderedEmail, mail_gateway


@pytest.fixture
def directory(settings: Any, tmp_path: Path) -> Path:
    """Where `EMAIL_URL=filemail://…` puts them."""
    with patch.dict(os.environ, {"EMAIL_URL": f"filemail://{tmp_path}/mails", "EMAIL_BACKEND": ""}):
        for name, value in mail_settings(environ.Env()).items():
            setattr(settings, name, value)
    return tmp_path / "mails"


def test_each_mail_is_an_eml_file_of_its_own_that_a_mail_program_reads(directory: Path) -> None:
    email = RenderedEmail(
        message_id="<1@s.example>", sender="s@s.example", to="a@b.example", subject="M\xfc", text="T", html="<p>"
    )
    mail_gateway().send(email)
    (file,) = directory.iterdir()
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert file.suffix == ".eml"
    assert (message["Subject"], message["To"], message["Message-ID"]) == ("M\xfc", "a@b.example", "<1@s.example>")
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]
    assert message.get_body(("html",)).get_content().strip() == "<p>"  # type: ignore[union-attr]  # it has one
    assert b"-" * 79 not in file.read_bytes()


def test_mails_of_one_moment_lie_in_the_order_in_which_they_were_sent(directory: Path) -> None:
    send_mass_mail([(f"{number}", "", None, ["a@b.example"]) for number in range(20)])
    send_mail("20", "", None, ["a@b.example"])
    found = [message_from_bytes(file.read_bytes(), policy=default) for file in sorted(directory.glob("*.eml"))]
    assert [message["Subject"] for message in found] == [str(number) for number in range(21)]


def test_a_backend_that_is_named_is_used_whatever_the_url_says() -> None:
    named = {"EMAIL_URL": "filemail:///tmp", "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    with patch.dict(os.environ, named):
        assert mail_settings(environ.Env())["EMAIL_BACKEND"] != MAIL_FILES
