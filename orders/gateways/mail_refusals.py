"""Which errors of an e-mail backend are permanent: those of Django's SMTP backend and of anymail's providers."""

import json
import smtplib

# RFC 4954 and RFC 3207: authentication or encryption failed. An operator must correct the configuration; the e-mail is
# sent as soon as that is done.
NOT_SIGNED_IN = frozenset({454, 530, 534, 535, 538})
# A provider's status codes for a refused account, and for a temporary failure.
NOT_OUR_ACCOUNT = frozenset({401, 402, 403, 407})
LATER = frozenset({408, 425, 429})
# What was refused, by smtplib's error class; the most specific class first.
SMTP_STAGES: tuple[tuple[type[smtplib.SMTPResponseException], str], ...] = (
    (smtplib.SMTPConnectError, "our connection"),
    (smtplib.SMTPHeloError, "our greeting"),
    (smtplib.SMTPSenderRefused, "the sender's address"),
    (smtplib.SMTPDataError, "the mail"),
    (smtplib.SMTPResponseException, "the mail"),
)


def is_configuration(error: Exception) -> bool:
    """Whether an operator must correct the configuration: account, password or encryption."""
    if isinstance(error, smtplib.SMTPResponseException):
        return isinstance(error, smtplib.SMTPAuthenticationError) or error.smtp_code in NOT_SIGNED_IN
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code in NOT_SIGNED_IN for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return not _is_of_the_address(error)
    return getattr(error, "status_code", None) in NOT_OUR_ACCOUNT


def permanent_refusal(error: Exception) -> str | None:
    """Why the mail will never be taken as it stands, without personal data; None: it may be taken later."""
    if is_configuration(error):
        return None
    if isinstance(error, smtplib.SMTPException):
        return _smtp_refusal(error)
    if refusal := _refusal_of_a_provider(error):
        return refusal
    # An address or a header that cannot be encoded. Connection errors are OSErrors, too.
    if isinstance(error, ValueError) and not isinstance(error, OSError | json.JSONDecodeError):
        return f"The mail cannot be written for its address: {type(error).__name__}."
    return None


def _refusal_of_a_provider(error: Exception) -> str | None:
    # Imported here because it loads `requests`, which is not needed with SMTP.
    from anymail import exceptions

    if isinstance(error, exceptions.AnymailRecipientsRefused | exceptions.AnymailInvalidAddress):
        return "The mail provider refuses the address."
    if isinstance(error, exceptions.AnymailSerializationError | exceptions.AnymailUnsupportedFeature):
        return "The mail provider does not take a mail of this form."
    if isinstance(error, exceptions.AnymailAPIError):
        status = error.status_code or 0
        final = 400 <= status < 500 and status not in LATER
        return f"The mail provider refuses the mail: {status}." if final else None
    return None


def _smtp_refusal(error: smtplib.SMTPException) -> str | None:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server takes no address with letters outside ASCII." if _is_of_the_address(error) else None
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return f"The mail server refuses the address: {codes[0]}." if codes and min(codes) >= 500 else None
    for kind, what in SMTP_STAGES:
        if isinstance(error, kind):
            return f"The mail server refuses {what}: {error.smtp_code}." if 500 <= error.smtp_code < 600 else None
    return None


def _is_of_the_address(error: smtplib.SMTPNotSupportedError) -> bool:
    """Django raises one class for a server without SMTPUTF8, which some addresses need, and for one without TLS."""
    return "UTF8" in str(error)
