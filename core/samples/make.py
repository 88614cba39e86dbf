"""Draws the samples: `python -m core.samples.make`. The same ones each time, made by nobody else.

Among the pictures are one on its side, one in print colours, one that is torn off and one whose
name lies; among the people are rows that cannot be imported, among the readers addresses that the
embedded mail server refuses.
"""

import csv
import math
import random
from datetime import date, timedelta
from pathlib import Path

from PIL import Image, ImageCms, ImageDraw, ImageFilter

from core.people.columns import fold
from core.samples import PEOPLE, PICTURES, READERS

Colour = tuple[int, int, int]
SIZE = (1800, 1200)
ORIENTATION = 0x0112
ARTIST, COPYRIGHT = 0x013B, 0x8298

FIRST = (
    "Ada Amélie Björn Carmen Chidi Dmitri Elif Fatima Giulia Hana Ingrid João Kwame Lena Mateo "
    "Nadia Oskar Priya Rosa Søren Tomás Ursula Wei Yuki Zoë"
)
LAST = (
    "Andersson Bauer Costa Dubois Eriksen Fernández García Hoffmann Ivanova Jansen Kowalski "
    "Lefèvre Müller Nakamura Okafor Petrović Quint Rossi Schäfer Tanaka Ünal Vargas Wang Young"
)
CITIES = (
    "Bern;Bogotá;Braga;Gdańsk;Göteborg;Kyoto;Lagos;Lyon;Málaga;München;Odense;"
    "Porto;Tallinn;Torino;Utrecht;Washington, D.C.;Zürich;İzmir"
)
BAD_ROWS = (
    ["Nils", "Ohnepost", "", "04/05/1980", "Kiel"],
    ["Vera", "Vertippt", "vera(at)example.org", "11/02/1975", "Graz"],
    ["Futura", "Rossi", "futura@example.org", "01/01/2199", "Roma"],
    ["Paul", "Dreißigster", "paul.d@example.org", "30/02/1990", "Bonn"],
    ["=1+1", "Formel", "=cmd@example", "12/12/1991", "Linz"],
    ["Extra", "Cell", "extra@example.org", "09/09/1999", "Ghent", "one too many"],
)

REFUSED = {13: "refused.test", 29: "busy.test"}
"""Every fortieth reader is somewhere where the embedded mail server behaves badly."""


def main() -> None:
    """Draw everything."""
    PICTURES.mkdir(exist_ok=True)
    draw_pictures()
    write_people()
    write_readers()


def draw_pictures() -> None:
    """Write one picture of each kind that people bring."""
    dawn = landscape(1, (255, 196, 140), (120, 150, 210), (58, 72, 104))
    exif = Image.Exif()
    exif[ARTIST], exif[COPYRIGHT] = "Headway", "CC0"
    dawn.save(PICTURES / "dawn.jpg", quality=78, exif=exif)
    _save_on_its_side(landscape(2, (214, 236, 255), (90, 160, 220), (40, 90, 70)))
    lake = landscape(3, (245, 220, 235), (130, 110, 190), (40, 50, 90))
    lake.save(PICTURES / "lake.jpg", quality=78, icc_profile=screen_profile())
    meadow = landscape(4, (250, 250, 210), (120, 190, 230), (70, 120, 50))
    meadow.save(PICTURES / "meadow.webp", quality=72)
    badge().save(PICTURES / "badge.png", optimize=True)
    small = landscape(5, (255, 180, 160), (90, 60, 110), (40, 30, 60)).resize((900, 600))
    small.convert("CMYK").save(PICTURES / "print-shop.jpg", quality=75)
    small.quantize(48).save(PICTURES / "really-a-png.jpg", "PNG", optimize=True)
    _tear(PICTURES / "dawn.jpg", PICTURES / "torn.jpg")


def landscape(seed: int, low: Colour, high: Colour, hill: Colour) -> Image.Image:
    """Draw a sky, a sun and rows of hills, each nearer one darker."""
    chance = random.Random(seed)  # noqa: S311  It draws hills.
    width, height = SIZE
    image = _sky(low, high)
    draw = ImageDraw.Draw(image)
    sun = chance.randrange(width // 5, width * 4 // 5), int(height * 0.38), height // 14
    draw.circle(sun[:2], sun[2], fill=(255, 247, 222))
    image = image.filter(ImageFilter.GaussianBlur(3))
    for row in range(5):
        share = (row + 1) / 5
        colour = _mix(low, hill, share)
        points = _ridge(chance, height * (0.48 + 0.1 * row), 90 - 8 * row)
        ImageDraw.Draw(image).polygon([(0, height), *points, (width, height)], fill=colour)
    return image.filter(ImageFilter.GaussianBlur(0.7))


def _sky(low: Colour, high: Colour) -> Image.Image:
    column = Image.new("RGB", (1, 64))
    for y in range(64):
        column.putpixel((0, y), _mix(high, low, y / 40))
    return column.resize(SIZE, Image.Resampling.BICUBIC)


def _ridge(chance: random.Random, level: float, swing: float) -> list[tuple[float, float]]:
    waves = [(n, chance.uniform(1, 20), chance.uniform(0, 6.3)) for n in range(1, 6)]

    def height(x: int) -> float:
        return sum(math.sin(x / SIZE[0] * pace + begin) / n for n, pace, begin in waves)

    return [(x, level + swing * height(x)) for x in range(0, SIZE[0] + 12, 12)]


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    share = max(0.0, min(1.0, share))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def badge() -> Image.Image:
    """Draw a round sign on nothing."""
    image = Image.new("RGBA", (2000, 2000), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 40, 1960, 1960), fill=(0, 75, 180, 255))
    for row, length in enumerate((1100, 700, 900)):
        top = 620 + row * 300
        draw.rounded_rectangle((450, top, 1550, top + 160), 80, fill=(255, 255, 255, 90))
        draw.rounded_rectangle((450, top, 450 + length, top + 160), 80, fill="white")
    return image.resize((1000, 1000), Image.Resampling.LANCZOS)


def screen_profile() -> bytes:
    """Return an sRGB profile without the time at which it was made."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)
    return bytes(profile)


def _save_on_its_side(image: Image.Image) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    turned = image.transpose(Image.Transpose.ROTATE_90)
    turned.save(PICTURES / "on-its-side.jpg", quality=78, exif=exif)


def _tear(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes()[:20_000])


def write_people() -> None:
    """Write an address list as an office program would."""
    chance = random.Random(7)  # noqa: S311  It makes up people.
    rows = [_person(chance, number) for number in range(196)]
    for place, row in zip((9, 42, 77, 110, 150, 188), BAD_ROWS, strict=True):
        rows.insert(place, list(row))
    with PEOPLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["First name", "Last name", "E-mail address", "Date of birth", "Town"])
        writer.writerows(rows)


def write_readers() -> None:
    """Write a list for a campaign: among the addresses are some that a mail server refuses."""
    chance = random.Random(8)  # noqa: S311  It makes up people.
    rows = [_person(chance, number) for number in range(240)]
    for number, row in enumerate(rows):
        row[2] = row[2].replace("example.org", REFUSED.get(number % 40, "example.org"))
    with READERS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["First name", "Last name", "E-mail", "Town"])
        writer.writerows([first, last, email, town] for first, last, email, _, town in rows)
        writer.writerow(["Nemo", "Nobody", "nemo at example.org", "Atlantis"])


def _person(chance: random.Random, number: int) -> list[str]:
    first, last = chance.choice(FIRST.split()), chance.choice(LAST.split())
    born = date(1945, 1, 1) + timedelta(days=chance.randrange(22_000))
    email = f"{_plain(first)}.{_plain(last)}{number}@example.org"
    return [first, last, email, f"{born:%d/%m/%Y}", chance.choice(CITIES.split(";"))]


def _plain(name: str) -> str:
    return "".join(sign for sign in fold(name.replace("ø", "o")) if sign.isascii())


if __name__ == "__main__":
    main()
