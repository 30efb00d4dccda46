from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("signin/", views.SignIn.as_view(), name="signin"),
    path("signin/link/<str:token>/", views.signin_link, name="signin_link"),
    path("signout/", views.signout, name="signout"),
    path("profile/", views.profile, name="profile"),
    path("password/", views.Password.as_view(), name="password"),
]
