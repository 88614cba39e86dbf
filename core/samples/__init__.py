"""Small real files to try the service's jobs with; `make.py` draws them."""

from pathlib import Path

FOLDER = Path(__file__).parent
PICTURES = FOLDER / "pictures"
PEOPLE = FOLDER / "people.csv"
