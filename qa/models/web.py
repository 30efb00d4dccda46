"""Which web sites the questions of a workspace may look at."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace

MOST = 50
DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))+")


def check_domains(value: str) -> None:
    """Raises ValidationError unless each line is the name of a domain."""
    lines = value.split()
    for line in lines:
        if not DOMAIN.fullmatch(line):
            raise ValidationError(
                _("“%(line)s” is not a domain. Write names like law.example.org, one a line."),
                params={"line": line},
            )
    if len(lines) > MOST:
        raise ValidationError(_("At most %(most)d domains."), params={"most": MOST})


class WebAccess(models.Model):
    """What an admin allows; without a row, and without domains, nothing leaves."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, related_name="web_access")
    domains = models.TextField(
        _("allowed domains"),
        blank=True,
        validators=[check_domains],
        help_text=_(
            "One a line, like law.example.org; subdomains are included. Whoever asks may then let "
            "Claude search these sites for one question at a time. Search words, which Claude "
            "chooses after reading the documents, leave this machine."
        ),
    )

    class Meta:
        verbose_name = _("web access")
        verbose_name_plural = _("web access")

    def __str__(self) -> str:
        return str(self.workspace)

    @classmethod
    def domains_of(cls, workspace: Workspace) -> tuple[str, ...]:
        """The domains that are allowed, in order; none unless an admin has listed some."""
        found = cls.objects.filter(workspace=workspace).values_list("domains", flat=True).first()
        return tuple(dict.fromkeys((found or "").split()))
