"""A workspace's budgets, seen and changed by its admins."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Event, User, Workspace
from accounts.roles import Act
from qa import budgets as money
from qa.claude import backend_of
from qa.models import Budget


class BudgetForm(forms.ModelForm):
    """Of whom it is: the workspace, each member, or one of them by public id."""

    whose = forms.ChoiceField(label=gettext_lazy("Of"))
    field_order = ("whose", "period")

    class Meta:
        model = Budget
        fields = ("period", "limit_usd", "warn_percent")

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        rows = User.objects.filter(memberships__workspace=workspace, is_active=True)
        self.members = {str(user.public_id): user for user in rows.order_by("name", "email")}
        whole = [one for one in Budget.Scope.choices if one[0] != Budget.Scope.MEMBER]
        named = [(key, str(user)) for key, user in self.members.items()]
        self.fields["whose"].choices = [*whole, (_("One member"), named)]  # type: ignore[attr-defined]
        self.fields["period"].choices = Budget.Period.choices  # type: ignore[attr-defined]
        self.fields["period"].initial = Budget.Period.MONTH

    @property
    def of(self) -> dict[str, Any]:
        """The columns that tell a budget from the others of its workspace."""
        whose = self.cleaned_data["whose"]
        member = self.members.get(whose)
        scope = Budget.Scope.MEMBER if member else whose
        return {"scope": scope, "user": member, "period": self.cleaned_data["period"]}


@in_workspace(Act.BUDGETS)
def budgets(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """The list (GET); a budget, in place of that of the same member and time (POST)."""
    form = BudgetForm(request.POST or None, workspace=workspace)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with transaction.atomic():
            budget, _made = Budget.objects.update_or_create(
                workspace=workspace,
                **form.of,
                defaults={"limit_usd": given["limit_usd"], "warn_percent": given["warn_percent"]},
            )
            record(request, budget, str(budget))
        return redirect("qa:budgets", workspace.slug)
    context = {"workspace": workspace, "form": form, "rows": _rows(request, workspace)}
    return render(request, "qa/budgets.html", context, status=422 if form.errors else 200)


@require_POST
@in_workspace(Act.BUDGETS)
def remove_budget(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """Removes the budget of a member and a time; nothing where it is gone already."""
    data = {**request.POST.dict(), "limit_usd": "0", "warn_percent": "80"}
    form = BudgetForm(data, workspace=workspace)
    if form.is_valid():
        with transaction.atomic():
            for budget in Budget.objects.filter(workspace=workspace, **form.of):
                record(request, budget, "removed")
                budget.delete()
    return redirect("qa:budgets", workspace.slug)


def _rows(request: MemberRequest, workspace: Workspace) -> list[dict[str, Any]]:
    """Each with how it stands; for each member it stands differently, and is not said."""
    backend = backend_of(workspace)
    rows = []
    order = list(Budget.Scope.values)
    found = workspace.budgets.select_related("user").order_by("user__name", "user", "period")
    for budget in sorted(found, key=lambda one: order.index(one.scope)):
        each = budget.scope == Budget.Scope.EACH
        whose = budget.user or request.user
        standing = None if each else money.standings(workspace, whose, backend, [budget])[0]
        value = str(budget.user.public_id) if budget.user else budget.scope
        rows.append({"budget": budget, "standing": standing, "value": value})
    return rows


def record(request: Any, budget: Budget, now: str) -> None:
    """Writes down that a budget was changed, and by whom."""
    Event.objects.record(
        Event.Verb.BUDGET,
        by=request.user,
        object=budget.workspace,
        workspace=budget.workspace,
        request=request,
        **{"of": budget.scope, "for": budget.period, "now": now},
        member=str(budget.user.public_id) if budget.user else None,
    )
