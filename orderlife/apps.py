"""The admin site as an app config of our own, so that Django's default site is not registered as well."""

from django.contrib.admin.apps import AdminConfig


class OrderlifeAdmin(AdminConfig):
    """Django's admin with our site class."""

    default_site = "orders.admin.site.OrderlifeAdminSite"

    def ready(self) -> None:
        """Unregister the admin pages of the OTP devices, which show their keys; there is a page of our own."""
        super().ready()
        # The site's module needs the models, which are not loaded yet when this module is imported.
        from django.contrib.admin import site
        from django.contrib.auth.models import Group, User

        from orders.admin.people.people import PersonAdmin, RoleAdmin

        for model in [model for model in site._registry if model._meta.app_label.startswith("otp_")]:  # noqa: SLF001 - the site has no public list
            site.unregister(model)
        site.unregister([User, Group])
        site.register(User, PersonAdmin)
        site.register(Group, RoleAdmin)
