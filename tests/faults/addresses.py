"""Told to Schemathesis: jobs and alert rules that there are, which no generator would ever find."""

from __future__ import annotations

import os
import zlib
from typing import Any

import schemathesis

JOBS = os.environ.get("JOBS", "").split()
RULES = os.environ.get("RULES", "").split()


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Put a job that there is in the place of most ids, for some names a file's or a queue's."""
    if not isinstance(path_parameters, dict):
        return path_parameters
    drawn = zlib.crc32(repr(path_parameters).encode("utf-8", "backslashreplace"))
    if "rule" in path_parameters and drawn % 4:
        return {**path_parameters, "rule": RULES[drawn % len(RULES)]}
    if "job" not in path_parameters:
        return {**path_parameters, "name": "celery"} if drawn % 2 else path_parameters
    if drawn % 5:
        path_parameters = {**path_parameters, "job": JOBS[drawn % len(JOBS)]}
    if "name" in path_parameters and drawn % 2:
        path_parameters["name"] = "list.csv"
    return path_parameters
