"""The tags of jobs, where an index finds the newest jobs of each."""

from __future__ import annotations

from django.db import models

from realtime.models.jobs import Job

TAG = 50
"""Characters of a tag."""
TAGS = 20
"""Tags that a job is given, and that it inherits."""


class Tag(models.Model):
    """One tag of one job, its own or inherited; written with the job, and never changed."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, db_index=False, related_name="+")
    tag = models.CharField(max_length=TAG)
    queued_at = models.DateTimeField()
    """As the job's own: the index has them in the order in which jobs are listed."""

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("job", "tag"), name="realtime_tag_once"),)
        indexes = (models.Index(fields=("tag", "-queued_at", "-job"), name="realtime_tag_newest"),)

    def __str__(self) -> str:
        """Return the tag."""
        return self.tag
