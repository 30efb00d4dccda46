from django.db import migrations, models

from reviews import values


def number(apps, schema_editor):
    """What corrections that are there already sort by."""
    marks = apps.get_model("reviews", "Mark").objects.using(schema_editor.connection.alias)
    corrections = marks.filter(kind="corrected", value__isnull=False)
    for mark in corrections.select_related("cell__column").iterator():
        column = mark.cell.column
        try:
            order = values.parse(mark.value, values.Kind(column.kind), column.choices).order
        except values.NotThat:
            continue  # the column asks for something else by now
        if order is not None:
            marks.filter(pk=mark.pk).update(order=order)


class Migration(migrations.Migration):
    dependencies = [("reviews", "0003_following")]

    operations = [
        migrations.AddField("mark", "order", models.FloatField(null=True)),
        migrations.RunPython(number, migrations.RunPython.noop),
    ]
