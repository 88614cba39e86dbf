from typing import Any

import django.db.models.deletion
from django.db import migrations, models

READ = {
    'postgresql': (
        "INSERT INTO realtime_tag (job_id, tag, queued_at)"
        " SELECT DISTINCT job.id, one.tag, job.queued_at FROM realtime_job job"
        " CROSS JOIN LATERAL jsonb_array_elements_text(job.last -> 'tags') AS one(tag)"
        " WHERE jsonb_typeof(job.last -> 'tags') = 'array' AND length(one.tag) BETWEEN 1 AND 50"
    ),
    'sqlite': (
        "INSERT INTO realtime_tag (job_id, tag, queued_at)"
        " SELECT DISTINCT job.id, one.value, job.queued_at FROM realtime_job job,"
        " json_each(job.last, '$.tags') AS one"
        " WHERE json_type(job.last, '$.tags') = 'array' AND length(one.value) BETWEEN 1 AND 50"
    ),
}


def read_tags(apps: Any, schema_editor: Any) -> None:
    """Write the tags of the jobs that are there, as their states have them."""
    del apps
    if statement := READ.get(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('realtime', '0022_alerts'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag', models.CharField(max_length=50)),
                ('queued_at', models.DateTimeField()),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='realtime.job')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['tag', '-queued_at', '-job'], name='realtime_tag_newest')],
                'constraints': [models.UniqueConstraint(fields=('job', 'tag'), name='realtime_tag_once')],
            },
        ),
        migrations.RunPython(read_tags, migrations.RunPython.noop),
    ]
