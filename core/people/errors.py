"""What can be wrong with a file or one of its rows.

BadTable   the file cannot be read as a table
BadRow     one row cannot be imported
"""


class BadTable(Exception):  # noqa: N818  It is a verdict on a file, not a fault of the program.
    """The file cannot be read as a table; the text says what to do about it."""


class BadRow(Exception):  # noqa: N818  As above, on one row.
    """The row cannot be imported; the text is the reason."""
