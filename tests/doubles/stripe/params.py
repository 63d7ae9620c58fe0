"""Reading and validating the parameters of a call."""

from collections.abc import Collection
from typing import Any

from tests.doubles.stripe.errors import ApiError, Json, missing_parameter

MAX_METADATA_KEYS, MAX_METADATA_KEY, MAX_METADATA_VALUE = 50, 40, 500


class Params:
    """The parameters of one call; `prefix` is what a message names before the names of nested ones."""

    def __init__(self, values: Json, prefix: str = "") -> None:
        self.values = values
        self._prefix = prefix

    def name(self, name: str) -> str:
        return f"{self._prefix}[{name}]" if self._prefix else name

    def has(self, name: str) -> bool:
        return name in self.values

    def check_known(self, known: Collection[str]) -> None:
        for name in self.values:
            if name not in known:
                raise ApiError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise ApiError(f"Invalid string: {value}", param=self.name(name))
        return value or None

    def required(self, name: str) -> str:
        if not self.has(name):
            raise missing_parameter(self.name(name))
        value = self.text(name)
        if value is None:
            message = f"You passed an empty string for '{self.name(name)}'."
            raise ApiError(message, code="parameter_invalid_empty", param=self.name(name))
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not value.removeprefix("-").isdecimal():
            message = f"Invalid integer: {value}"
            raise ApiError(message, code="parameter_invalid_integer", param=self.name(name))
        return int(value)

    def positive(self, name: str) -> int | None:
        value = self.integer(name)
        if value is not None and value < 1:
            message = "This value must be greater than or equal to 1."
            raise ApiError(message, code="parameter_invalid_integer", param=self.name(name))
        return value

    def boolean(self, name: str) -> bool:
        value = self.text(name)
        if value not in (None, "true", "false"):
            raise ApiError(f"Invalid boolean: {value}", param=self.name(name))
        return value == "true"

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        value = self.text(name)
        if value is not None and value not in allowed:
            message = f"Invalid {self.name(name)}: must be one of {', '.join(allowed)}"
            raise ApiError(message, param=self.name(name))
        return value

    def nested(self, name: str) -> "Params":
        value = self.values.get(name, {})
        if not isinstance(value, dict):
            raise ApiError(f"Invalid object: {value}", param=self.name(name))
        return Params(value, self.name(name))

    def items(self, name: str) -> list["Params"]:
        return [Params(it, f"{self.name(name)}[{n}]") for n, it in enumerate(self.list(name)) if isinstance(it, dict)]

    def list(self, name: str) -> list[Any]:
        value = self.values.get(name, [])
        if not isinstance(value, list):
            raise ApiError(f"Invalid array: {value}", param=self.name(name))
        return value

    def metadata(self, before: Json | None = None) -> Json:
        """The metadata after this call: an empty value removes a key, an empty `metadata` all of them."""
        if self.values.get("metadata") == "":
            return {}
        changed = self.nested("metadata")
        for key in changed.values:
            if len(key) > MAX_METADATA_KEY or len(changed.text(key) or "") > MAX_METADATA_VALUE:
                message = f"Metadata keys have at most {MAX_METADATA_KEY} characters, values {MAX_METADATA_VALUE}."
                raise ApiError(message, param="metadata")
        after = {key: value for key, value in {**(before or {}), **changed.values}.items() if value}
        if len(after) > MAX_METADATA_KEYS:
            raise ApiError(f"Metadata has at most {MAX_METADATA_KEYS} keys.", param="metadata")
        return after
