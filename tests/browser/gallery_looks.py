"""How the gallery looks, compared with how it was found good.

Each specimen is compared by itself, so that a failure names what has changed. The picture is made
in a typeface that lies in the repository, half as large and blurred: machines differ in how they
draw the edges of letters, never in where a bar ends or what colour it has.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageStat
from playwright.sync_api import Page

FOLDER = Path(__file__).with_name("gallery")
SMALLER = 2
PACKING: dict[str, Any] = {"quality": 80, "method": 6}
BLUR = 2
MEAN, PEAK = 4.0, 40.0
"""Of 255: what the whole of a specimen, and its worst place, may differ by.

A browser that fits letters to pixels differs from one that does not by 2 and 18, one picture in a
hundred from the next by 31; a missing number by 45, a status without its ground by 50, a bar
of 7 pixels and not 8 by 60, a missing icon by 66.
"""
SLACK = 1
"""Pixels by which a size may differ."""
BOXES = """() => Object.fromEntries([...document.querySelectorAll(".specimen")].map((one) => {
  const { x, y, width, height } = one.getBoundingClientRect();
  const part = one.closest("section").querySelector("h2").textContent;
  return [`${part} ${one.querySelector("figcaption").textContent}`, [x, y, width, height]];
}))"""
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Looks:
    """A picture of the gallery, and where in it each specimen is."""

    picture: Image.Image
    """Smaller than life."""
    boxes: dict[str, Box]
    """Left, top, right and bottom of each specimen in the picture."""

    @classmethod
    def taken(cls, page: Page) -> Looks:
        """Take a picture of the whole page."""
        boxes: dict[str, list[float]] = {}
        while boxes != (boxes := page.evaluate(BOXES)):
            # Again, if anything has moved meanwhile.
            whole = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        size = (whole.width // SMALLER, whole.height // SMALLER)
        found = {name: _box(*box) for name, box in boxes.items()}
        return cls(_packed(whole.resize(size, Image.Resampling.BOX)), found)

    @classmethod
    def kept(cls, name: str) -> Looks:
        """Read what was found good."""
        boxes: dict[str, Any] = json.loads((FOLDER / "boxes.json").read_text("utf-8"))
        found = {one: _four(box) for one, box in boxes[name].items()}
        return cls(Image.open(FOLDER / f"{name}.webp").convert("RGB"), found)

    def keep(self, name: str) -> None:
        """Find it good."""
        FOLDER.mkdir(exist_ok=True)
        self.picture.save(FOLDER / f"{name}.webp", **PACKING)
        path = FOLDER / "boxes.json"
        boxes = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(json.dumps(boxes | {name: self.boxes}, indent=1, ensure_ascii=False) + "\n")

    def changes(self, before: Looks) -> list[str]:
        """Return which specimens look different, with how much."""
        names = sorted(self.boxes.keys() | before.boxes.keys())
        told = {name: _difference(self, before, name) for name in names}
        return [f"{name}: {said}" for name, said in told.items() if said]


def _packed(picture: Image.Image) -> Image.Image:
    """Return the picture with what packing it has changed, as the one that is kept has it too."""
    packed = io.BytesIO()
    picture.save(packed, "webp", **PACKING)
    return Image.open(packed).convert("RGB")


def exists(name: str) -> bool:
    """Tell whether anything was found good."""
    return (FOLDER / f"{name}.webp").exists()


def _difference(now: Looks, before: Looks, name: str) -> str:
    if name not in before.boxes:
        return "new"
    if name not in now.boxes:
        return "gone"
    sizes = [_size(looks.boxes[name]) for looks in (now, before)]
    if any(abs(one - other) > SLACK for one, other in zip(*sizes, strict=True)):
        return f"{sizes[0]} and not {sizes[1]} large"
    size = (min(sizes[0][0], sizes[1][0]), min(sizes[0][1], sizes[1][1]))
    mean, peak = _apart(_part(now, name, size), _part(before, name, size))
    return f"differs by {mean:.1f}, at most {peak:.0f}" if mean > MEAN or peak > PEAK else ""


def _apart(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    differences = ImageStat.Stat(ImageChops.difference(one, other))
    return max(differences.mean), float(max(high for _, high in differences.extrema))


def _part(looks: Looks, name: str, size: tuple[int, int]) -> Image.Image:
    left, top, _, _ = looks.boxes[name]
    part = looks.picture.crop((left, top, left + size[0], top + size[1]))
    return part.filter(ImageFilter.GaussianBlur(BLUR))


def _box(x: float, y: float, width: float, height: float) -> Box:
    left, top = round(x / SMALLER), round(y / SMALLER)
    return left, top, left + round(width / SMALLER), top + round(height / SMALLER)


def _four(box: list[int]) -> Box:
    left, top, right, bottom = box
    return left, top, right, bottom


def _size(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]
