"""What docs/ says that the code says too is made from the code; the camera guide shows every move."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from shotwright.generator.camera import MOVES, PRESET_NAMES
from shotwright.generator.catalog import LORAS, load_catalog
from shotwright.prompts.texts import load

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PICTURES = sorted((DOCS / "pictures").rglob("*.*"))


def test_made_pages_are_those_of_the_code() -> None:
    words = [sys.executable, "-m", "docs.reference", "--check"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    told = f"out of date; run python -m docs.reference:\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, told


@pytest.mark.parametrize("name", [*MOVES, *PRESET_NAMES])
def test_both_camera_guides_name_every_move(name: str) -> None:
    page = (DOCS / "camera.md").read_text(encoding="utf-8")
    assert re.search(rf"`{name}`", page)
    assert re.search(rf"\b{name}\b", load("camera_guide"))


def test_the_camera_guide_shows_every_move_that_has_a_path() -> None:
    page = (DOCS / "camera.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"pictures/camera/(\w+)\.jpg", page))
    wanted = {name if name in PRESET_NAMES else name.partition("_")[0] for name in MOVES}
    assert shown == (wanted - {"follow"}) | set(PRESET_NAMES)


def test_every_picture_is_small_and_shown_somewhere() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))
    for picture in PICTURES:
        assert picture.stat().st_size < 150_000
        assert picture.relative_to(DOCS).as_posix() in pages
        with Image.open(picture) as image:
            image.load()
    assert sum(picture.stat().st_size for picture in PICTURES) < 1_500_000


def test_kling_s_numbers_are_the_same_in_both_guides() -> None:
    guide = load("camera_guide")
    page = (DOCS / "camera.md").read_text(encoding="utf-8")
    for told in ("2^(-v/10)", '{"dialect": "kling-2026", "type": "simple", "config": {"pan": 5}}'):
        assert told in guide and told in page
    for field, amount in (("tilt_up", "30"), ("pan_right", "45"), ("truck_right", "0.5")):
        assert f"`{field}` {amount}" in page and f"{amount} " in guide


def test_every_link_to_a_heading_finds_it() -> None:
    for page in DOCS.rglob("*.md"):
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text("utf-8")):
            other = page if not target else page.parent / target
            headings = re.findall(r"^#+ (.+)$", other.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor in anchors, f"{page.relative_to(DOCS)} links to {target}#{anchor}"


def test_the_index_leads_to_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    listed = set(re.findall(r"\]\(([^)]+\.md)\)", index))
    assert pages - {"README.md"} <= listed


def test_cards_and_loras_in_the_models_page_are_read(tmp_path: Path) -> None:
    page = (DOCS / "models.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    for number, text in enumerate(blocks):
        name = f"card{number}.toml" if "family" in text else LORAS
        (tmp_path / name).write_text(text, encoding="utf-8")
    catalog = load_catalog(tmp_path)
    assert {"my-wan", "engine"} <= catalog.cards.keys()
    assert catalog.get("wan-2.1-t2v-14b").always == ("oils", "grain")
