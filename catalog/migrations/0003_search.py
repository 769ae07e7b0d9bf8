import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MAKE = {
    "sqlite": [
        """CREATE VIRTUAL TABLE catalog_searchtokens USING fts5(
            title, initials, names, text,
            tokenize = "ascii tokenchars '_+'", detail = column, columnsize = 0
        )""",
    ],
    "postgresql": [
        # Tokens lie outside of the rows, which are only visited for their numbers: 20 ms instead of 430 for 55,000 of 100,000.
        """CREATE TABLE catalog_searchtokens (
            entry_id integer PRIMARY KEY, title tsvector NOT NULL, names tsvector NOT NULL, anywhere tsvector NOT NULL
        ) WITH (toast_tuple_target = 128)""",
        """ALTER TABLE catalog_searchtokens ALTER COLUMN title SET STORAGE EXTERNAL,
            ALTER COLUMN names SET STORAGE EXTERNAL, ALTER COLUMN anywhere SET STORAGE EXTERNAL""",
        "CREATE INDEX search_tokens_title ON catalog_searchtokens USING gin (title) WITH (fastupdate = off)",
        "CREATE INDEX search_tokens_names ON catalog_searchtokens USING gin (names) WITH (fastupdate = off)",
        "CREATE INDEX search_tokens_anywhere ON catalog_searchtokens USING gin (anywhere) WITH (fastupdate = off)",
    ],
}


def make_tokens(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in MAKE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop_tokens(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP TABLE catalog_searchtokens")


class Migration(migrations.Migration):

    dependencies = [("catalog", "0002_standard")]

    operations = [
        migrations.RemoveField(model_name="dataset", name="search_title"),
        migrations.RemoveField(model_name="dataset", name="search_text"),
        migrations.CreateModel(
            name="SearchChunk",
            fields=[
                ("number", models.IntegerField(primary_key=True, serialize=False)),
                ("version", models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("slug", models.CharField(max_length=100)),
                ("title", models.TextField()),
                ("title_length", models.PositiveIntegerField()),
                ("updated", models.BigIntegerField()),
                ("codes", models.TextField()),
                ("west", models.FloatField(null=True)),
                ("south", models.FloatField(null=True)),
                ("east", models.FloatField(null=True)),
                ("north", models.FloatField(null=True)),
                ("starts", models.DateField(null=True)),
                ("ends", models.DateField(null=True)),
                (
                    "chunk",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="catalog.searchchunk",
                    ),
                ),
                (
                    "dataset",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="search_entry",
                        to="catalog.dataset",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["title_length", "title", "slug"], name="search_by_relevance"),
                    models.Index(fields=["title", "slug"], name="search_by_title"),
                    models.Index(fields=["-updated", "slug"], name="search_by_update"),
                    models.Index(fields=["west", "south", "east", "north"], name="search_by_box"),
                    models.Index(fields=["starts", "ends"], name="search_by_period"),
                ],
            },
        ),
        migrations.RunPython(make_tokens, drop_tokens),
    ]
