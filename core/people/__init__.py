"""Address lists without Django's requests: read any CSV file, match its columns, check its rows."""
