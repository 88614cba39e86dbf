"""Which typeface has which letter, so that names of all countries can be read.

DejaVu is embedded and has Latin, Greek, Cyrillic and many more. Of Chinese, Japanese and Korean the
letters that are used are embedded where this machine has them; else they are only named, and the
reader's program has to bring them.
"""

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

PLAIN, BOLD = "DejaVu", "DejaVu-Bold"
ASIAN = "Asian"
"""What is embedded of the machine's own."""
CHINESE, JAPANESE, KOREAN = "STSong-Light", "HeiseiMin-W3", "HYSMyeongJo-Medium"
FOLDER = Path(__file__).with_name("typefaces")
_FILES = {PLAIN: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}
_ASIAN = (
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/Library/Fonts/Arial Unicode.ttf",
)
"""Where systems have one with outlines of the kind that reportlab can embed."""
_KANA = range(0x3040, 0x3100)
_HANGUL = (range(0x1100, 0x1200), range(0x3130, 0x3190), range(0xAC00, 0xD7B0))
_IDEOGRAPHS = (range(0x2E80, 0xA000), range(0xF900, 0xFB00), range(0xFF00, 0xFFF0))


@cache
def ready() -> None:
    """Let reportlab know them, once in a process."""
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, FOLDER / file))
    for name in (CHINESE, JAPANESE, KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    embedded_asian()
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)


@cache
def embedded_asian() -> frozenset[int]:
    """Return which letters the machine's own typeface has; none where there is none."""
    for path in filter(None, (settings.REPORT_FONT, *_ASIAN)):
        try:
            font = TTFont(ASIAN, path)
        except (OSError, TTFError):
            continue
        pdfmetrics.registerFont(font)
        return frozenset(font.face.charToGlyph)
    return frozenset()


def runs(text: str, plain: str = PLAIN) -> Iterator[tuple[str, str]]:
    """Yield the parts of a text, each with the typeface that has its letters."""
    for name, letters in groupby(printable(text), lambda letter: _face_of(letter, plain)):
        yield name, "".join(letters)


def markup(text: str, plain: str = PLAIN) -> str:
    """Return a text as a paragraph's markup, in which nothing of it is a command."""
    return "".join(
        escape(part) if name == plain else f'<font name="{name}">{escape(part)}</font>'
        for name, part in runs(text, plain)
    )


def width(text: str, size: float, plain: str = PLAIN) -> float:
    """Return how wide a text is, in points."""
    return sum(pdfmetrics.stringWidth(part, name, size) for name, part in runs(text, plain))


def cut(text: str, most: float, size: float) -> str:
    """Return as much of a text as has room in so many points."""
    text = printable(text)
    if width(text, size) <= most:
        return text
    while text and width(f"{text}…", size) > most:
        text = text[:-1]
    return f"{text}…"


def printable(text: str) -> str:
    """Return a text without what is no letter; ends of lines become spaces."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _face_of(letter: str, plain: str) -> str:
    code = ord(letter)
    if not any(code in part for part in (*_HANGUL, *_IDEOGRAPHS)):
        return plain
    if code in embedded_asian():
        return ASIAN
    if code in _KANA:
        return JAPANESE
    if any(code in part for part in _HANGUL):
        return KOREAN
    return CHINESE
