from django.db import migrations, models
from django.db.models import F


def number_snapshots(apps, schema_editor):
    """Number the snapshots that became the current one, from 0; a release that came late was replaced as it came."""
    Snapshot = apps.get_model("catalog", "Snapshot")
    rows = Snapshot.objects.exclude(replaced_at=F("published_at")).order_by("distribution_id", "published_at", "id")
    last, version, batch = None, 0, []
    for snapshot in rows.only("pk", "distribution_id").iterator(chunk_size=1000):
        version = version + 1 if snapshot.distribution_id == last else 0
        last, snapshot.version = snapshot.distribution_id, version
        batch.append(snapshot)
        if len(batch) == 1000:
            Snapshot.objects.bulk_update(batch, ["version"])
            batch = []
    Snapshot.objects.bulk_update(batch, ["version"])


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0010_feed"),
    ]

    operations = [
        migrations.AddField(
            model_name="snapshot",
            name="version",
            field=models.PositiveIntegerField(editable=False, null=True, verbose_name="version"),
        ),
        migrations.RunPython(number_snapshots, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="snapshot",
            constraint=models.UniqueConstraint(fields=("distribution", "version"), name="one_snapshot_a_version"),
        ),
    ]
