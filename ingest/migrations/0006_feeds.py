"""Feeds with their readings, failures, and what datasets are known again by; pairs of like datasets."""

import catalog.models.slug
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0010_feed"),
        ("ingest", "0005_event_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DuplicatePair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("identifier", "the same identifier"),
                            ("uri", "the same permanent address"),
                            ("content", "the same title, publisher and files"),
                        ],
                        max_length=12,
                        verbose_name="what is alike",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "not decided"), ("same", "the same"), ("different", "different")],
                        default="open",
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                ("found_at", models.DateTimeField(verbose_name="found")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
            ],
            options={
                "verbose_name": "pair of like datasets",
                "verbose_name_plural": "pairs of like datasets",
                "ordering": ["-found_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Feed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(
                        max_length=100, unique=True, validators=[catalog.models.slug.check_slug], verbose_name="name"
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=300, verbose_name="title")),
                ("format", models.CharField(default="data-json", max_length=20, verbose_name="format")),
                ("location", models.CharField(blank=True, max_length=2000, verbose_name="address")),
                (
                    "selection",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='Which datasets are taken, by field: {"organisation": ["city-a"], "not": {"theme": ["transport"]}}; empty: all.',
                        verbose_name="selection",
                    ),
                ),
                (
                    "access_level",
                    models.CharField(
                        choices=[
                            ("public", "public"),
                            ("registered", "registered"),
                            ("restricted", "restricted"),
                            ("non-public", "non-public"),
                        ],
                        default="restricted",
                        help_text="Of datasets that do not say whether they are open.",
                        max_length=12,
                        verbose_name="access level without one",
                    ),
                ),
                (
                    "local_fields",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Names of fields that the feed never overwrites once the dataset is here.",
                        verbose_name="fields of ours",
                    ),
                ),
                (
                    "schedule",
                    models.CharField(
                        blank=True,
                        help_text="In words (every 10 minutes, hourly, daily) or five cron fields, Korean time; empty: only by hand.",
                        max_length=100,
                        verbose_name="schedule",
                    ),
                ),
                ("allow_private", models.BooleanField(default=False, verbose_name="private addresses allowed")),
                ("ca_certificates", models.TextField(blank=True, verbose_name="certificate authorities")),
                ("paused_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="paused")),
                ("paused_because", models.CharField(blank=True, max_length=500, verbose_name="why it is paused")),
                ("failures", models.PositiveIntegerField(default=0, editable=False, verbose_name="failures in a row")),
                (
                    "backs_off_until",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="not read until"),
                ),
                ("next_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="next reading")),
                (
                    "wish",
                    models.CharField(
                        blank=True,
                        choices=[("read", "read now"), ("preview", "preview")],
                        editable=False,
                        max_length=10,
                        verbose_name="asked for",
                    ),
                ),
                (
                    "validators",
                    models.JSONField(
                        blank=True, default=dict, editable=False, verbose_name="what the server knows its answer by"
                    ),
                ),
                ("fence", models.PositiveIntegerField(default=0, editable=False, verbose_name="fence")),
                ("lease_owner", models.CharField(blank=True, editable=False, max_length=100, verbose_name="worker")),
                (
                    "lease_until",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="lease until"),
                ),
                (
                    "last_success_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last success"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("modified_at", models.DateTimeField(auto_now=True, verbose_name="modified")),
            ],
            options={
                "verbose_name": "feed",
                "verbose_name_plural": "feeds",
                "ordering": ["slug"],
            },
        ),
        migrations.CreateModel(
            name="FeedReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("read", "regular reading"),
                            ("preview", "preview"),
                            ("retry", "failed ones tried again"),
                            ("decision", "decision carried out"),
                        ],
                        default="read",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("done", "completed"),
                            ("unchanged", "nothing new"),
                            ("held", "waits for a decision"),
                            ("incomplete", "broken off"),
                            ("failed", "failed"),
                            ("lost", "worker lost"),
                        ],
                        default="running",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("fence", models.PositiveIntegerField(default=0, verbose_name="fence")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("announced", models.PositiveIntegerField(blank=True, null=True, verbose_name="announced")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="datasets")),
                ("known", models.PositiveIntegerField(default=0, verbose_name="known before")),
                ("created", models.PositiveIntegerField(default=0, verbose_name="new")),
                ("changed", models.PositiveIntegerField(default=0, verbose_name="changed")),
                ("unchanged", models.PositiveIntegerField(default=0, verbose_name="unchanged")),
                ("deleted", models.PositiveIntegerField(default=0, verbose_name="withdrawn")),
                ("restored", models.PositiveIntegerField(default=0, verbose_name="restored")),
                ("matched", models.PositiveIntegerField(default=0, verbose_name="known again by content")),
                ("refused", models.PositiveIntegerField(default=0, verbose_name="could not be taken")),
                ("duplicates", models.PositiveIntegerField(default=0, verbose_name="told twice")),
                ("left_out", models.PositiveIntegerField(default=0, verbose_name="not selected")),
                ("kept", models.PositiveIntegerField(default=0, verbose_name="with values of ours kept")),
                ("held", models.PositiveIntegerField(default=0, verbose_name="gone, waiting for a decision")),
                (
                    "doubt",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("empty", "nothing was told"),
                            ("shrunken", "many fewer than before"),
                            ("miscounted", "fewer than announced"),
                        ],
                        max_length=12,
                        verbose_name="why it waits",
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("accepted", "withdrawn"),
                            ("refused", "kept"),
                            ("settled", "settled by a later reading"),
                        ],
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("examples", models.JSONField(blank=True, default=dict, verbose_name="examples")),
                ("findings", models.JSONField(blank=True, default=list, verbose_name="remarks")),
                ("error_code", models.CharField(blank=True, max_length=40, verbose_name="error")),
                ("error_ko", models.TextField(blank=True, verbose_name="what happened (Korean)")),
                ("error_en", models.TextField(blank=True, verbose_name="what happened (English)")),
            ],
            options={
                "verbose_name": "reading of a feed",
                "verbose_name_plural": "readings of feeds",
                "ordering": ["-started_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="HarvestFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("dataset", "dataset"),
                            ("organisation", "organisation"),
                            ("series", "series"),
                            ("service", "service"),
                        ],
                        default="dataset",
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("key", models.CharField(max_length=64, verbose_name="key")),
                ("identifier", models.TextField(verbose_name="identifier elsewhere")),
                ("code", models.CharField(max_length=40, verbose_name="cause")),
                ("field", models.CharField(blank=True, max_length=200, verbose_name="field")),
                ("text_ko", models.TextField(verbose_name="what was wrong (Korean)")),
                ("text_en", models.TextField(verbose_name="what was wrong (English)")),
                ("raw", models.TextField(verbose_name="as it came")),
                ("entry", models.JSONField(default=dict, verbose_name="what was read")),
                ("candidates", models.JSONField(blank=True, default=list, verbose_name="what it may be")),
                ("first_at", models.DateTimeField(verbose_name="first failed")),
                ("last_at", models.DateTimeField(verbose_name="last failed")),
                ("count", models.PositiveIntegerField(default=1, verbose_name="times")),
            ],
            options={
                "verbose_name": "record that was not taken",
                "verbose_name_plural": "records that were not taken",
                "ordering": ["feed", "code", "id"],
            },
        ),
        migrations.AddField(
            model_name="harvested",
            name="content_key",
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="harvested",
            name="is_kept",
            field=models.BooleanField(default=False, verbose_name="kept although it is gone"),
        ),
        migrations.AddField(
            model_name="harvested",
            name="kept_values",
            field=models.JSONField(blank=True, default=dict, editable=False, verbose_name="what the feed says instead"),
        ),
        migrations.AddField(
            model_name="harvested",
            name="links_key",
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="harvested",
            name="missing_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="not told since"),
        ),
        migrations.AddField(
            model_name="harvested",
            name="name_key",
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="harvested",
            name="written",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.RenameField("harvested", "seen_at", "taken_at"),
        migrations.AlterField(
            model_name="harvested",
            name="taken_at",
            field=models.DateTimeField(verbose_name="last taken"),
        ),
        migrations.AddIndex(
            model_name="harvested",
            index=models.Index(fields=["feed", "digest"], name="ingest_harv_feed_c96240_idx"),
        ),
        migrations.AddIndex(
            model_name="harvested",
            index=models.Index(fields=["name_key"], name="ingest_harv_name_ke_bfb86d_idx"),
        ),
        migrations.AddIndex(
            model_name="harvested",
            index=models.Index(fields=["links_key"], name="ingest_harv_links_k_2b614f_idx"),
        ),
        migrations.AddIndex(
            model_name="harvested",
            index=models.Index(fields=["content_key"], name="ingest_harv_content_6587d3_idx"),
        ),
        migrations.AddField(
            model_name="duplicatepair",
            name="canonical",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="catalog.dataset",
                verbose_name="the one that stays",
            ),
        ),
        migrations.AddField(
            model_name="duplicatepair",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddField(
            model_name="duplicatepair",
            name="first",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="catalog.dataset",
                verbose_name="first dataset",
            ),
        ),
        migrations.AddField(
            model_name="duplicatepair",
            name="second",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="catalog.dataset",
                verbose_name="second dataset",
            ),
        ),
        migrations.AddField(
            model_name="feedreading",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddField(
            model_name="feedreading",
            name="feed",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="readings",
                to="ingest.feed",
                verbose_name="feed",
            ),
        ),
        migrations.AddField(
            model_name="harvestfailure",
            name="feed",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="failed_records",
                to="ingest.feed",
                verbose_name="feed",
            ),
        ),
        migrations.AddIndex(
            model_name="duplicatepair",
            index=models.Index(fields=["state", "-found_at"], name="ingest_dupl_state_6c8e18_idx"),
        ),
        migrations.AddConstraint(
            model_name="duplicatepair",
            constraint=models.UniqueConstraint(fields=("first", "second"), name="one_row_a_pair"),
        ),
        migrations.AddConstraint(
            model_name="duplicatepair",
            constraint=models.CheckConstraint(
                condition=models.Q(("first", models.F("second")), _negated=True), name="a_pair_is_of_two"
            ),
        ),
        migrations.AddIndex(
            model_name="feedreading",
            index=models.Index(fields=["feed", "-started_at"], name="ingest_feed_feed_id_4c25ad_idx"),
        ),
        migrations.AddIndex(
            model_name="harvestfailure",
            index=models.Index(fields=["feed", "code"], name="ingest_harv_feed_id_1a3ce3_idx"),
        ),
        migrations.AddConstraint(
            model_name="harvestfailure",
            constraint=models.UniqueConstraint(fields=("feed", "kind", "key"), name="one_row_a_failed_record"),
        ),
    ]
