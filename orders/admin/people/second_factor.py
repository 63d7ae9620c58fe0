"""Where staff give the code of their second factor, or set one up, before anything else is shown to them."""

from base64 import b32encode

import qrcode
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_otp import login as otp_login
from django_otp.plugins.otp_totp.models import TOTPDevice

from orders.admin.next_page import next_page
from orders.services.staff.second_factor import SetUp, checked, device_to_confirm, is_set_up, set_up


class CodeForm(forms.Form):
    """Six digits from the app, or a backup code."""

    code = forms.CharField(
        max_length=16,
        label="Code",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "none", "autofocus": True}
        ),
    )


def is_wanting(request: HttpRequest) -> bool:
    """Whether somebody of the staff has logged in and must still give a code."""
    user = request.user
    is_staff = isinstance(user, User) and user.is_active and user.is_staff
    # The middleware adds the method to whoever the request comes from.
    has_given = getattr(user, "is_verified", lambda: False)
    return bool(settings.ADMIN_TWO_FACTOR and is_staff and not has_given())


@never_cache
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Ask for a code; of somebody without a second factor, to set one up."""
    if not isinstance(request.user, User) or not request.user.is_staff:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if not is_wanting(request):
        return HttpResponseRedirect(_next(request))
    form = CodeForm(request.POST if request.method == "POST" else None)
    has_one = is_set_up(request.user)
    if form.is_bound and form.is_valid():
        code = form.cleaned_data["code"]
        answer = _enter(request, code) if has_one else _enrol(request, site, code)
        if answer is not None:
            return answer
        form.add_error("code", "This code is wrong or was already used. Wait for a new code and try again.")
    return _ask(request, site, form) if has_one else _offer(request, site, form)


def path_of(key: str) -> tuple[str, int]:
    """A QR code as the `d` of one SVG path, and its side in modules, the quiet zone of four around it included."""
    code = qrcode.QRCode(border=4)
    code.add_data(key)
    rows = code.get_matrix()
    dark = ((x, y) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return "".join(f"M{x} {y}h1v1h-1z" for x, y in dark), len(rows)


def _enter(request: HttpRequest, code: str) -> HttpResponse | None:
    assert isinstance(request.user, User)  # noqa: S101 - tells the type checker what the view has checked
    device = checked(request.user, code)
    if device is None:
        return None
    otp_login(request, device)
    return HttpResponseRedirect(_next(request))


def _enrol(request: HttpRequest, site: AdminSite, code: str) -> HttpResponse | None:
    assert isinstance(request.user, User)  # noqa: S101 - as above
    done = set_up(request.user, code)
    if done is None:
        return None
    otp_login(request, done.device)
    messages.success(request, "Two-factor authentication is set up.")
    return _codes(request, site, done)


def _ask(request: HttpRequest, site: AdminSite, form: CodeForm) -> HttpResponse:
    context = {**site.each_context(request), "title": "Two-factor authentication", "form": form, "next": _next(request)}
    return TemplateResponse(request, "admin/second_factor.html", context)


def _offer(request: HttpRequest, site: AdminSite, form: CodeForm) -> HttpResponse:
    assert isinstance(request.user, User)  # noqa: S101 - as above
    device: TOTPDevice = device_to_confirm(request.user)
    path, side = path_of(device.config_url)
    context = {
        **site.each_context(request),
        "title": "Set up two-factor authentication",
        "form": form,
        "next": _next(request),
        "path": path,
        "side": side,
        "secret": b32encode(device.bin_key).decode(),
    }
    return TemplateResponse(request, "admin/second_factor.html", context)


def _codes(request: HttpRequest, site: AdminSite, done: SetUp) -> HttpResponse:
    context = {
        **site.each_context(request),
        "title": "Your backup codes",
        "codes": done.backup_codes,
        "next": _next(request),
    }
    return TemplateResponse(request, "admin/backup_codes.html", context)


def _next(request: HttpRequest) -> str:
    return next_page(request, default=reverse("admin:index"))
