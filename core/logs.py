"""Log lines for machines, and without what only tells how a stranger's request was refused."""

import json
import logging
from datetime import UTC, datetime
from http import HTTPStatus


class JsonFormatter(logging.Formatter):
    """One JSON object on one line for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class NoTracebackOfRefusals(logging.Filter):
    """Leaves the traceback out of what a client did wrong: strangers may send many."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass."""
        refused = 0 < getattr(record, "status_code", 0) < HTTPStatus.INTERNAL_SERVER_ERROR
        if refused or record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
        return True
