"""Request bodies: read in full or refused, whether they come with a length or in chunks, and never above the limit."""

from collections.abc import Callable
from io import IOBase
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render

View = Callable[..., object]

MAX_BODY = 64 * 1024
# Paths whose bodies may be larger; none may exceed DATA_UPLOAD_MAX_MEMORY_SIZE.
MAX_BODY_OF = {"/orders/batch": 1024 * 1024}


def max_body(path: str) -> int:
    """The most bytes that the body of a request to this path may have."""
    return MAX_BODY_OF.get(path, MAX_BODY)


class BodyStream(IOBase):
    """A body as the server hands it on: `read(n)` is shorter than `n` at the body's end alone.

    Django's own stream takes a body without Content-Length, as one in chunks is, for an empty one; and one that was cut
    short for a whole one. To leave a body out can mean "all of it", so neither may be mistaken for that.
    """

    def __init__(self, source: Any, length: int | None, *, most: int, is_too_large: bool) -> None:
        """`length` is what Content-Length announced; None where the server itself marks the end.

        With `is_too_large`, the server knows already that it is larger than `most`, and nothing is read.
        """
        self._source = source
        self._left = length
        self._most = -1 if is_too_large else most

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes.

        Raises:
            OSError: the body ended before its announced length.
            RequestDataTooBig: it is larger than it may be.
        """
        wanted = min(size, self._most + 1, size if self._left is None else self._left)
        found = bytearray()
        while len(found) < wanted and (part := self._source.read(wanted - len(found))):
            found += part
        if self._left is not None:
            self._left -= len(found)
            if len(found) < wanted:
                raise OSError("The body ended before its announced length.")
        self._most -= len(found)
        if self._most < 0:
            raise RequestDataTooBig("The body is larger than it may be.")
        return bytes(found)


class BodiesMiddleware:
    """Lets a body in chunks be read as one with a length, and reads a form within the limit before a view sees it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """`get_response` is all that lies further in."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer. Nothing is read before it is asked for: who may not send at all is refused without it."""
        most = max_body(request.path)
        stream = BodyStream(
            request.META["wsgi.input"], _announced(request), most=most, is_too_large=_content_length(request) > most
        )
        # Django offers no public way to choose a request's stream.
        request._stream = stream  # type: ignore[assignment]  # noqa: SLF001
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, _args: object, _kwargs: object) -> HttpResponse | None:
        """Refuse a form above the limit as a whole; Django bounds the fields of one with files, not its size."""
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return None
        try:
            length = len(request.body)
        except RequestDataTooBig:
            return render(request, "413.html", status=413)
        except UnreadablePostError:
            return HttpResponse("The request was cut short.\n", status=400, content_type="text/plain")
        request.META["CONTENT_LENGTH"] = str(length)  # without one, multipart is taken for empty
        return None


class NoUploads(FileUploadHandler):
    """Takes no file: nothing here has a use for one."""

    def new_file(self, *_: object, **__: object) -> None:
        """Refuse the whole request."""
        raise MultiPartParserError("No files are taken.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached."""

    def file_complete(self, file_size: int) -> None:
        """Never reached."""


def in_chunks(request: HttpRequest) -> bool:
    """Whether the body has no length but its end. If it is empty, it may have been cut short: no server tells."""
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def _announced(request: HttpRequest) -> int | None:
    """The length of the body; None if it ends where the server says. A body in chunks has no other length."""
    if in_chunks(request):
        return None
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        return None
    return _content_length(request)


def _content_length(request: HttpRequest) -> int:
    length = str(request.META.get("CONTENT_LENGTH", ""))
    return int(length) if length.isascii() and length.isdigit() else 0
