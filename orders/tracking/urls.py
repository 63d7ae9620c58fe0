"""The customer's pages: where each is found."""



app_name = "tracking"
urlpatterns = []
