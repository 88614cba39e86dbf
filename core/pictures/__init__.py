"""Pictures without Django: what they are, where they come from, how they are made smaller."""
