"""The colours of a report's charts, as hexadecimal numbers."""

SERIES = ("2563C9", "C2413A", "94A3B8", "B7791F", "CBD5E1")
"""Of the columns of a table, in their order: well, badly, ended by hand, lost, not yet."""
BESIDE = ("2563C9", "93B4EE")
"""Of columns that are drawn beside each other."""
TEXT = "0F172A"
MUTED = "475569"
LINE = "D5DCE6"
HEAD = "EEF2F7"
