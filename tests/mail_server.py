"""A mail server on loopback that answers each stage of a session as a test says."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What a session consists of, in order, and what a server that takes every mail says to it.
TAKES = {
    "connect": "220 mail.example",
    "EHLO": "250 mail.example",
    "HELO": "250 mail.example",
    "AUTH": "235 Welcome",
    "MAIL": "250 Go on",
    "RCPT": "250 Go on",
    "DATA": "354 Go on",
    "after DATA": "250 Taken",
    "QUIT": "221 Goodbye",
}


class _Session(socketserver.StreamRequestHandler):
    server: "MailServer"
    recipient = ""

    def handle(self) -> None:
        self._say("connect")
        while line := self.rfile.readline().strip().decode():
            verb = line.split()[0].upper()
            if verb == "RCPT":
                self.recipient = line.partition("<")[2].partition(">")[0]
            self._say(verb if verb in TAKES else "EHLO")
            if verb == "DATA" and self.server.answer("DATA", self.recipient).startswith("354"):
                self._read_mail()
            if verb == "QUIT":
                return

    def _read_mail(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        answer = self._say("after DATA")
        if answer.startswith("2"):
            self.server.taken.append(b"".join(lines).decode())

    def _say(self, stage: str) -> str:
        answer = self.server.answer(stage, self.recipient)
        self.wfile.write(f"{answer}\r\n".encode())
        return answer


class MailServer(socketserver.ThreadingTCPServer):
    """`answers` is by stage, as in `TAKES`; `taken` are the mails that it took."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.answers: dict[str, str] = {}
        self.taken: list[str] = []

    def answer(self, stage: str, recipient: str) -> str:  # noqa: ARG002 - for servers that know some people
        return self.answers.get(stage, TAKES[stage])


@contextmanager
def mail_server(made: MailServer | None = None) -> Iterator[MailServer]:
    """This one, or else one that takes every mail until told otherwise."""
    with made or MailServer() as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield server
        server.shutdown()
