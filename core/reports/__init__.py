"""Reports on a schedule: when they are due, what is in them, how they are delivered."""
