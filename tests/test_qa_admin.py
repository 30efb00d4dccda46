"""What those who administer a workspace see of its conversations in Django's admin."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import Member, User
from accounts.roles import Role
from qa.models import Summary, Thread
from tests.asked import put, written

PRIVATE = "Which law governs this Agreement, with the merger in view?"
OPEN = "Which law governs this Agreement?"


@pytest.fixture
def staff(workspace, sign_in):
    user = User.objects.create_user("staff@example.com", "staff-pass", is_staff=True)
    Member.objects.create(workspace=workspace, user=user, role=Role.ADMIN)
    return sign_in(user)


@pytest.fixture
def chief(sign_in):
    return sign_in(User.objects.create_superuser("chief@example.com", "chief-pass"))


@pytest.fixture
def answers(emulator, workspace, owner, document):
    made = []
    for question, private in ((PRIVATE, True), (OPEN, False)):
        thread = Thread.objects.create(
            workspace=workspace, author=owner, title=question, is_private=private
        )
        answer = written(put(document, owner, question, thread=thread))
        Summary.objects.create(upto=answer, turns=1, text=f"They asked: {question}")
        made.append(answer)
    return made


@pytest.mark.parametrize("kind", ["thread", "answer", "citation", "summary"])
def test_a_private_conversation_is_its_authors_in_the_admin_too(staff, chief, answers, kind):
    address = reverse(f"admin:qa_{kind}_changelist")
    shown = staff.get(address).content.decode()
    assert "merger" not in shown
    assert OPEN in shown
    private, open_ = answers
    rows = {
        "thread": (private.thread, open_.thread),
        "answer": (private, open_),
        "citation": (private.citations.first(), open_.citations.first()),
        "summary": (Summary.objects.get(upto=private), Summary.objects.get(upto=open_)),
    }
    for row, status in zip(rows[kind], (302, 200), strict=True):
        change = reverse(f"admin:qa_{kind}_change", args=[row.pk])
        assert staff.get(change).status_code == status
        assert chief.get(change).status_code == 200


def test_what_a_private_question_cost_is_seen_without_the_question(staff, chief, answers):
    listed = staff.get(reverse("admin:qa_apicall_changelist"))
    assert listed.status_code == 200
    for answer, told in zip(answers, (False, True), strict=True):
        call = answer.calls.get(purpose="answer")
        address = reverse("admin:qa_apicall_change", args=[call.pk])
        assert (answer.question in staff.get(address).content.decode()) == told
        assert answer.question in chief.get(address).content.decode()
