"""What can be wrong with one picture."""


class Unusable(Exception):  # noqa: N818  It is a verdict on an item, not a fault of the program.
    """The item cannot be used; the text is the reason, in words for the one who uploaded it."""
