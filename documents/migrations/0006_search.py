"""The search index, and what each database does so that it keeps itself in step with the rows.

SQLite: an FTS5 table without a text of its own, kept by triggers. They go when the table is made
anew: a migration that alters it must make them again. PostgreSQL: a GIN index over the keys as they
are; its own parser would cut them up.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SQLITE = [
    """CREATE VIRTUAL TABLE documents_stretch_words USING fts5(
        words, content='documents_stretch', content_rowid='id', detail=none, columnsize=0,
        tokenize="ascii tokenchars '=~@#.'")""",
    """CREATE TRIGGER documents_stretch_added AFTER INSERT ON documents_stretch BEGIN
        INSERT INTO documents_stretch_words (rowid, words) VALUES (new.id, new.words); END""",
    """CREATE TRIGGER documents_stretch_gone AFTER DELETE ON documents_stretch BEGIN
        INSERT INTO documents_stretch_words (documents_stretch_words, rowid, words)
        VALUES ('delete', old.id, old.words); END""",
]
POSTGRESQL = [
    """CREATE INDEX documents_stretch_words ON documents_stretch
        USING gin (array_to_tsvector(string_to_array(words, ' ')))""",
]


def index_words(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == 'sqlite' else POSTGRESQL:
        schema_editor.execute(statement)


def forget_words(apps, schema_editor):
    if schema_editor.connection.vendor == 'sqlite':
        schema_editor.execute('DROP TABLE documents_stretch_words')
    else:
        schema_editor.execute('DROP INDEX documents_stretch_words')


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_more_verbs'),
        ('documents', '0005_upload'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='KeyCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('passages', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Stretch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('words', models.TextField()),
                ('packed', models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name='version',
            name='index_failures',
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='version',
            name='indexed_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='version',
            index=models.Index(condition=models.Q(('indexed_at', None), ('status', 'ready')), fields=['document'], name='version_to_index'),
        ),
        migrations.AddField(
            model_name='keycount',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, db_index=False, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='stretch',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, db_index=False, related_name='stretches', to='documents.version'),
        ),
        migrations.AddConstraint(
            model_name='keycount',
            constraint=models.UniqueConstraint(fields=('workspace', 'key'), name='key_count_once'),
        ),
        migrations.AddConstraint(
            model_name='stretch',
            constraint=models.UniqueConstraint(fields=('version', 'number'), name='stretch_number_once'),
        ),
        migrations.RunPython(index_words, forget_words),
    ]
