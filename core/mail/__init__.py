"""Mail without Django's requests: who is written to, what, over which server, and what became."""
