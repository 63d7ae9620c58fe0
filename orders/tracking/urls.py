"""The customer's pages: where each is found."""

from django.urls import path

from orders.tracking import views

app_name = "tracking"
urlpatterns = [
    path("", views.find, name="find"),
    path("<str:code>/", views.order_page, name="order"),
    path("<str:code>/live/", views.live, name="live"),
    path("<str:code>/cancel/", views.cancel, name="cancel"),
    path("<str:code>/address/", views.address, name="address"),
    path("<str:code>/payment/", views.payment, name="payment"),
]
