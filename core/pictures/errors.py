"""What can be wrong with one picture."""


class Unusable(Exception):
    """The item cannot be used; the text is the reason, in words for the one who uploaded it."""
