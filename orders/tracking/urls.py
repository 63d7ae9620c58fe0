"""The customer's pages: where each is found."""

from django.urls import path

from orders.tracking import changes, doors, views

app_name = "tracking"
urlpatterns = [
    path("", doors.find, name="find"),
    path("lost/", doors.lost, name="lost"),
    path("<str:code>/", views.order_page, name="order"),
    path("<str:code>/live/", views.live, name="live"),
    path("<str:code>/receipt/", views.receipt, name="receipt"),
    path("<str:code>/confirm/", doors.confirm, name="confirm"),
    path("<str:code>/confirm/send/", doors.send_code, name="send_code"),
    path("<str:code>/cancel/", changes.cancel, name="cancel"),
    path("<str:code>/address/", changes.address, name="address"),
    path("<str:code>/return/", changes.send_back, name="return"),
    path("<str:code>/payment/", changes.payment, name="payment"),
]
