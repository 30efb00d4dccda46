"""PostgreSQL: the index is over a function that says what it costs.

Taking the words of a row apart takes longer than finding it, which PostgreSQL does not know of its
own functions: it went through all rows where they were few, a hundred times slower than by index.
Nothing is parallel: to start a process takes longer than any of these queries.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION documents_stretch_keys(words text, id bigint) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE COST 1000 AS $$
BEGIN
    RETURN array_to_tsvector(string_to_array(words || ' ^' || CAST(id >> 12 AS text), ' '));
END
$$
"""
BEFORE = "array_to_tsvector(string_to_array(words || ' ^' || CAST(id >> 12 AS text), ' '))"
INDEX = 'CREATE INDEX documents_stretch_words ON documents_stretch USING gin ({})'


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(FUNCTION)
        schema_editor.execute('DROP INDEX documents_stretch_words')
        schema_editor.execute(INDEX.format('documents_stretch_keys(words, id)'))


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute('DROP INDEX documents_stretch_words')
        schema_editor.execute(INDEX.format(BEFORE))
        schema_editor.execute('DROP FUNCTION documents_stretch_keys')


class Migration(migrations.Migration):

    dependencies = [
        ('documents', '0015_forget_quotes'),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
