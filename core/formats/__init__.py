"""How dates and numbers are written in the languages of the service."""
