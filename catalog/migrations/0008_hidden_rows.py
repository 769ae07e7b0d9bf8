from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0007_files_and_exports"),
    ]

    operations = [
        migrations.AddField(
            model_name="snapshotpart",
            name="hidden",
            field=models.CharField(
                blank=True, db_index=True, default="", max_length=64, verbose_name="file of replaced rows"
            ),
        ),
    ]
