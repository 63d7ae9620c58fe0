"""The second factor of staff: a TOTP code, and backup codes in case the phone is lost."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

BACKUP_CODES = 10
NAME = "second factor"


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """The result of enrolment; the backup codes are shown now and never again."""

    device: Device
    backup_codes: list[str]


def is_set_up(user: User) -> bool:
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def device_to_confirm(user: User) -> TOTPDevice:
    """The key to add to an authenticator app: the same until it is confirmed by a code."""
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": NAME})
    return device


def set_up(user: User, code: str) -> SetUp | None:
    """Confirm the second factor by a code; None if the code is wrong.

    This does not replace an existing second factor.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        device = TOTPDevice.objects.select_for_update().filter(user=locked, confirmed=False).first()
        if device is None or is_set_up(locked) or not device.verify_token(code.strip()):
            return None
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        return SetUp(device=device, backup_codes=_new_backup_codes(locked))


def checked(user: User, code: str) -> Device | None:
    """The device that the code belongs to (an app, or backup codes, where the code is used up), or None.

    After each wrong code the device is throttled for longer.
    """
    code = code.strip().replace(" ", "").lower()
    kind = TOTPDevice if code.isdigit() and len(code) == 6 else StaticDevice
    with transaction.atomic():
        device = kind.objects.select_for_update().filter(user=user, confirmed=True).first()
        return device if device is not None and device.verify_token(code) else None


def forget(user: User) -> None:
    """Remove a lost second factor; its owner sets up a new one at the next login."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()


def _new_backup_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="backup codes")
    codes = [StaticToken.random_token() for _ in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=code) for code in codes])
    return codes
