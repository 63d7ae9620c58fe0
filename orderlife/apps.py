"""The admin site, as an app of its own so that Django's need not be registered twice."""

from django.contrib.admin.apps import AdminConfig


class OrderlifeAdmin(AdminConfig):
    """Django's admin under our title."""

    default_site = "orders.admin.site.OrderlifeAdminSite"

    def ready(self) -> None:
        """Second factors bring screens that show their keys: nobody needs those. People have a screen of ours."""
        super().ready()
        # The site's module needs the models, which are not there yet when this one is read.
        from django.contrib.admin import site
        from django.contrib.auth.models import Group, User

        from orders.admin.people import PersonAdmin, RoleAdmin

        for model in [model for model in site._registry if model._meta.app_label.startswith("otp_")]:  # noqa: SLF001 - the site has no public list
            site.unregister(model)
        site.unregister([User, Group])
        site.register(User, PersonAdmin)
        site.register(Group, RoleAdmin)
