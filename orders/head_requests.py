"""HEAD is answered wherever GET is: as GET, without the body. Every answer that is whole says how long it is."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse


class HeadMiddleware:
    """The outermost layer: all that lies further in sees a GET, so that no view has to name both."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the headers that a GET would get."""
        if request.method != "HEAD":
            return _with_length(self._get_response(request))
        request.method = "GET"
        response = _with_length(self._get_response(request))
        request.method = "HEAD"
        if isinstance(response, HttpResponse):
            response.content = b""
        elif isinstance(response, StreamingHttpResponse):
            # Nothing is read for it; the server closes what it would have been read from.
            response.streaming_content = ()
        return response


def _with_length(response: HttpResponseBase) -> HttpResponseBase:
    """Without a length, a server must close the connection after the answer."""
    if isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
    return response
