#!/usr/bin/env python
"""Django's command line for the Headway service."""

import os
import sys


def main() -> None:
    """Run a management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        # Before the command could take care of it itself: there is nothing to tell.
        sys.exit(130)


if __name__ == "__main__":
    main()
