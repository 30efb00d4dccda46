"""PostgreSQL: the index also holds which block of rows each is in, the newest being looked at first.

What it holds of the words stays as it was; SQLite reads its rows newest first as it is.
"""

from django.db import migrations

WITH_BLOCKS = "array_to_tsvector(string_to_array(words || ' ^' || CAST(id >> 12 AS text), ' '))"
WITHOUT = "array_to_tsvector(string_to_array(words, ' '))"


def _indexed(words):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == 'postgresql':
            schema_editor.execute('DROP INDEX documents_stretch_words')
            schema_editor.execute(
                f'CREATE INDEX documents_stretch_words ON documents_stretch USING gin ({words})'
            )

    return run


class Migration(migrations.Migration):

    dependencies = [
        ('documents', '0010_vetting'),
    ]

    operations = [migrations.RunPython(_indexed(WITH_BLOCKS), _indexed(WITHOUT))]
