from django.db import migrations


def forget(apps, schema_editor):
    """What was erased before left sentences that quote it."""
    versions = apps.get_model("documents", "Version").objects
    erased = versions.filter(document__erased_at__isnull=False).values("pk")
    versions.filter(pk__in=list(erased.values_list("pk", flat=True))).update(
        findings=[], warnings=[], to_vet=[], vet_at=None
    )


class Migration(migrations.Migration):
    dependencies = [("documents", "0014_unindexed")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop, elidable=True)]
