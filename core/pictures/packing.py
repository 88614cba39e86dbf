"""All smaller pictures of a job in one ZIP."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.pictures.handover import Part
from core.pictures.names import unique
from realtime import JobError, progress


def results_of(parts: Sequence[Part]) -> dict[str, Path]:
    """Return each version by a name of its own; raises `JobError` when there is none."""
    taken: set[str] = set()
    files = {unique(name, taken): path for part in parts for name, path in part.versions()}
    if not files:
        raise JobError(_nothing_made([f"{one.made.name} {one.made.reason}" for one in parts]))
    return files


def written(files: Mapping[str, Path], target: Path) -> Path:
    """Write the pictures into a ZIP as they are: they cannot be packed any smaller."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in progress.track(files.items(), unit=pgettext("unit", "file")):
            archive.write(path, name)
    return target


def _nothing_made(reasons: Sequence[str]) -> str:
    if len(reasons) == 1:
        return _("The picture could not be used: %(reason)s.") % {"reason": reasons[0]}
    return _("None of the %(count)s pictures could be used. The first: %(reason)s.") % {
        "count": f"{len(reasons):,}",
        "reason": reasons[0],
    }
