"""Adapters: other libraries' ways to tell progress, with Headway's bar at the other end."""
