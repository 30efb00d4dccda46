"""Pictures that come with questions."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace


def picture_path(picture: Picture, _name: str) -> str:
    return f"{picture.workspace.public_id}/pictures/{picture.public_id}"


class PictureQuerySet(models.QuerySet["Picture"]):
    def visible_to(self, user: Any) -> PictureQuerySet:
        """Those of questions that the user may see; of those not asked yet, their own."""
        from qa.models.answer import Answer

        mine = Workspace.objects.visible_to(user).values("pk")
        asked = Enclosure.objects.filter(answer__in=Answer.objects.visible_to(user).values("pk"))
        own = models.Q(uploaded_by=user.pk, enclosures=None)
        return self.filter(models.Q(pk__in=asked.values("picture")) | own, workspace__in=mine)

    def unasked(self) -> PictureQuerySet:
        asked = Enclosure.objects.filter(picture=OuterRef("pk"))
        return self.filter(~Exists(asked))  # no join: rows are locked by it


class Picture(models.Model):
    """A picture for a question, as it is sent: small enough for the API, without metadata.

    It is there before its question is asked; one that never is goes after a day.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=200, blank=True)
    media_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    file = models.FileField(upload_to=picture_path, max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    objects = PictureQuerySet.as_manager()

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name or str(self.public_id)


class Enclosure(models.Model):
    """A picture of a question, ``number`` from 1. A question that is asked again has the same."""

    answer = models.ForeignKey("qa.Answer", models.CASCADE, related_name="enclosures")
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="enclosures")
    number = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["answer", "number"]
        constraints = [
            models.UniqueConstraint(fields=["answer", "number"], name="enclosure_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.answer_id} {self.number}"


class RemotePicture(models.Model):
    """A copy of a picture with the Files API. Its id never meets a browser."""

    picture = models.ForeignKey(Picture, models.CASCADE, related_name="remote")
    account = models.CharField(max_length=64)
    file_id = models.CharField(max_length=120)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["picture", "account"], name="remote_picture_once")
        ]

    def __str__(self) -> str:
        return f"{self.picture_id} {self.account}"
