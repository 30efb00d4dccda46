"""Signing in and out, and the way to the first workspace."""

import zoneinfo
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Event, SignInLink, User, Workspace


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("name", "time_zone")


class SignIn(LoginView):
    template_name = "accounts/signin.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        with transaction.atomic():
            Event.objects.record(Event.Verb.SIGN_IN, by=form.get_user(), request=self.request)
            return super().form_valid(form)


class Password(PasswordChangeView):
    template_name = "accounts/password.html"
    success_url = reverse_lazy("home")


def signin_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link that `make run` prints: works once, and only on this machine."""
    if not settings.LOCAL:
        raise Http404
    with transaction.atomic():
        user = SignInLink.use(token)
        if user is not None:
            login(request, user, "django.contrib.auth.backends.ModelBackend")
            Event.objects.record(Event.Verb.SIGN_IN, by=user, request=request, link=True)
            return redirect("home")
    return render(request, "accounts/link_used.html", status=410)


@require_POST
def signout(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        with transaction.atomic():
            Event.objects.record(Event.Verb.SIGN_OUT, by=request.user, request=request)
            logout(request)
    return redirect("accounts:signin")


def admin_signin(request: HttpRequest) -> HttpResponse:
    """The admin has no door of its own: every sign-in is logged in one place."""
    if request.user.is_authenticated:
        # signed in, but not staff: as if there were no admin
        raise Http404
    query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
    return redirect(f"{reverse('accounts:signin')}?{query}")


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """One's own name and time zone."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.info(request, _("Saved."))
        return redirect("home")
    context = {"form": form, "zones": sorted(zoneinfo.available_timezones())}
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the workspace visited last, else the first one."""
    visible = Workspace.objects.visible_to(request.user)
    last: Any = request.session.get("workspace")
    workspace = visible.filter(slug=last).first() or visible.first()
    if workspace is None:
        return render(request, "accounts/no_workspace.html")
    return redirect("documents:library", slug=workspace.slug)
