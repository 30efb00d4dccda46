"""The nonce of the content security policy, under the name that django-htmx looks for."""

from django.http import HttpRequest


def nonce(request: HttpRequest) -> dict[str, object]:
    return {"csp_nonce": getattr(request, "csp_nonce", "")}
