"""Which app answers which address."""

from django.contrib import admin
from django.urls import include, path

from accounts import views as accounts
from config import health

urlpatterns = [
    path("", accounts.home, name="home"),
    path("health", health.health, name="health"),
    path("admin/login/", accounts.admin_signin),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("w/<slug:slug>/", include("documents.urls")),
    path("w/<slug:slug>/", include("qa.urls")),
]

admin.site.site_header = "Pincite"
admin.site.site_title = "Pincite"
