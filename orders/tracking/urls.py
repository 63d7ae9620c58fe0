"""URLs of the customer's pages."""

from django.urls import path

from orders.tracking import changes, payments, sign_in, views

app_name = "tracking"
urlpatterns = [
    path("", sign_in.find, name="find"),
    path("lost/", sign_in.lost, name="lost"),
    path("<str:code>/", views.order_page, name="order"),
    path("<str:code>/live/", views.live, name="live"),
    path("<str:code>/receipt/", views.receipt, name="receipt"),
    path("<str:code>/confirm/", sign_in.confirm, name="confirm"),
    path("<str:code>/confirm/send/", sign_in.send_code, name="send_code"),
    path("<str:code>/cancel/", changes.cancel, name="cancel"),
    path("<str:code>/address/", changes.address, name="address"),
    path("<str:code>/return/", changes.send_back, name="return"),
    path("<str:code>/payment/", payments.pay, name="payment"),
    path("<str:code>/paid/", payments.paid, name="paid"),
]
