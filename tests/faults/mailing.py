"""The customers' mail server during the soak: it has no mailbox for some, and is busy now and then."""

import threading
from collections import Counter

from tests.mail_server import MailServer

# One customer in so many has no mailbox any more; the refusal comes at either stage.
NO_MAILBOX = {3: ("RCPT", "550 No such user"), 7: ("after DATA", "554 Rejected")}
ONE_IN = 12
# One mail in so many is put off.
BUSY = ("RCPT", "451 Try again later")
BUSY_ONE_IN = 9


class SoakMailServer(MailServer):
    """Counts whom it refused, and how."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self._mutex = threading.Lock()

    @property
    def url(self) -> str:
        """As EMAIL_URL names it."""
        host, port = self.server_address[:2]
        return f"smtp://{host!s}:{port}"

    def answer(self, stage: str, recipient: str) -> str:
        """A refusal for good to some, for now to others, at the stage that is theirs."""
        if not recipient or stage not in ("RCPT", "after DATA"):
            return super().answer(stage, recipient)
        for at, answer in filter(None, (no_mailbox(recipient), self._busy(stage, recipient))):
            if at == stage:
                with self._mutex:
                    self.refused[answer] += 1
                return answer
        return super().answer(stage, recipient)

    def _busy(self, stage: str, recipient: str) -> tuple[str, str] | None:
        if stage != "RCPT":
            return None
        with self._mutex:
            self.asked[recipient] += 1
            return BUSY if (number_of(recipient) + self.asked[recipient]) % BUSY_ONE_IN == 0 else None


def number_of(recipient: str) -> int:
    """The number of the customer with this address."""
    return int("".join(filter(str.isdigit, recipient.partition("@")[0])) or 0)


def no_mailbox(recipient: str) -> tuple[str, str] | None:
    """At which stage a mail to this customer is refused for good, and how."""
    return NO_MAILBOX.get(number_of(recipient) % ONE_IN)
