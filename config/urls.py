"""Which app answers which address."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path

from accounts import views as accounts
from config import health


def icon(request: HttpRequest) -> HttpResponseRedirect:
    """Browsers ask for it on pages that name no icon, such as the admin's."""
    return HttpResponseRedirect(static("icon.svg"))


urlpatterns = [
    path("", accounts.home, name="home"),
    path("favicon.ico", icon),
    path("health", health.health, name="health"),
    path("admin/login/", accounts.admin_signin),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("w/<slug:slug>/", include("documents.urls")),
    path("w/<slug:slug>/", include("qa.urls")),
    path("w/<slug:slug>/", include("reviews.urls")),
]

admin.site.site_header = "Pincite"
admin.site.site_title = "Pincite"
