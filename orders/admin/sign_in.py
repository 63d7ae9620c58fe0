"""The form with which staff sign in."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.validators import MaxLengthValidator


class SignInForm(AdminAuthenticationForm):
    """The stock form, which only the browser keeps from a longer name than anybody can have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Check the length here too: the attempt is recorded under the name, in a column that has an end."""
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.validators.append(MaxLengthValidator(int(name.widget.attrs["maxlength"])))
