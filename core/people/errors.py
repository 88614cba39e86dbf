"""What can be wrong with a file or one of its rows.

BadTable   the file cannot be read as a table
BadRow     one row cannot be imported
"""


class BadTable(Exception):
    """The file cannot be read as a table; the text says what to do about it."""


class BadRow(Exception):
    """The row cannot be imported; the text is the reason."""
