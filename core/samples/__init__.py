"""Small real files to try the service's jobs with; `make.py` draws them."""

from pathlib import Path

FOLDER = Path(__file__).parent
PICTURES = FOLDER / "pictures"
PEOPLE = FOLDER / "people.csv"
READERS = FOLDER / "readers.csv"
LETTER = FOLDER / "letter.txt"
LETTER_HTML = FOLDER / "letter.html"


def in_language(path: Path, language: str) -> Path:
    """Return a sample as it is written in a language, in English where there is no other."""
    found = path.with_suffix(f".{language}{path.suffix}")
    return found if found.exists() else path
