"""What a file is, is told by its content; broken, too large and misleading files are refused."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shotwright.generator.encode import write_lossless, write_mp4
from shotwright.generator.errors import BadRequest, TooLarge
from shotwright.tools.studio import formats
from shotwright.tools.studio.formats import decode_picture, kind_of, probe_video, sniff


def _bytes(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def _halves() -> Image.Image:
    """40x20, the left half red, the right half blue."""
    image = Image.new("RGB", (40, 20), (255, 0, 0))
    image.paste((0, 0, 255), (20, 0, 40, 20))
    return image


def _claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has this size."""
    chunks = b""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"0")), (b"IEND", b"")):
        chunks += struct.pack(">I", len(data)) + name + data
        chunks += struct.pack(">I", zlib.crc32(name + data))
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    ("format", "suffix"),
    [
        *(("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("BMP", "bmp"), ("TIFF", "tif")),
        *(("GIF", "gif"), ("AVIF", "avif")),
    ],
)
def test_pictures_of_the_usual_formats_are_read(format: str, suffix: str) -> None:
    data = _bytes(_halves(), format)
    assert sniff(data[:192]) == ("image", suffix)
    picture, warnings = decode_picture(data)
    assert picture.shape == (20, 40, 3) and picture.dtype == np.uint8 and not warnings
    assert np.abs(picture.astype(int) - np.asarray(_halves())).mean() < 10
    assert picture.flags.writeable


def test_a_clip_is_told_by_its_content_not_its_name(tmp_path: Path) -> None:
    frames = np.zeros((2, 32, 32, 3), np.uint8)
    write_mp4(tmp_path / "a.png", frames, fps=16, metadata={})
    write_lossless(tmp_path / "b.txt", frames, 16)
    assert kind_of(tmp_path / "a.png", "a.png") == ("video", "mp4")
    assert kind_of(tmp_path / "b.txt", "b.txt") == ("video", "mkv")
    assert probe_video(tmp_path / "a.png").frames == 2


@pytest.mark.parametrize("data", [b"", b"hello", b"#EXTM3U\n", b"<svg/>", b"%PDF-1.7", b"%!PS"])
def test_anything_else_is_neither(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(data)
    with pytest.raises(BadRequest, match="neither a picture nor a clip") as caught:
        kind_of(tmp_path / "a.mp4", "a.mp4")
    assert caught.value.code == "invalid_media" and "PNG" in caught.value.fix


def test_a_turned_photograph_comes_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright: turn a quarter clockwise to show
    picture, _ = decode_picture(_bytes(_halves(), "JPEG", exif=exif, quality=95))
    assert picture.shape == (40, 20, 3)
    assert picture[:18, :, 0].min() > 200 and picture[22:, :, 2].min() > 200


def test_transparent_parts_are_laid_on_black_and_said() -> None:
    image = _halves().convert("RGBA")
    image.putpixel((0, 0), (255, 255, 255, 0))
    picture, warnings = decode_picture(_bytes(image))
    assert picture[0, 0].tolist() == [0, 0, 0] and picture[0, 1].tolist() == [255, 0, 0]
    assert [warning["code"] for warning in warnings] == ["alpha_on_black"]
    assert decode_picture(_bytes(_halves().convert("RGBA")))[1] == ()


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_is_refused_as_a_picture(format: str) -> None:
    data = _bytes(_halves(), format, save_all=True, append_images=[_halves().rotate(180)])
    with pytest.raises(BadRequest, match="several frames") as caught:
        decode_picture(data)
    assert "MP4" in caught.value.fix


def test_sixteen_bit_grey_is_refused() -> None:
    deep = Image.fromarray(np.full((8, 8), 40_000, np.uint16))
    with pytest.raises(BadRequest, match="more than 8 bits") as caught:
        decode_picture(_bytes(deep))
    assert "8-bit" in caught.value.fix


def test_a_broken_picture_is_refused() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    for format in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        data = _bytes(noise, format)
        with pytest.raises(BadRequest) as caught:
            decode_picture(data[: len(data) // 2])
        assert caught.value.code == "invalid_media", format


@pytest.mark.parametrize("side", [8_001, 10_000, 60_000])
def test_a_decompression_bomb_is_refused_unopened(side: int) -> None:
    with pytest.raises(TooLarge) as caught:
        decode_picture(_claims(side, 8_000))
    assert caught.value.allowed == "at most 64 megapixels"


def test_what_is_larger_than_its_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mp4"
    write_mp4(path, np.zeros((3, 32, 48, 3), np.uint8), fps=16, metadata={})
    for limit, value, words in [
        ("MAX_VIDEO_SIDE", 47, "at most 47 pixels a side"),
        ("MAX_VIDEO_FRAMES", 2, "at most 2 frames"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(formats, limit, value)
            with pytest.raises(TooLarge) as caught:
                probe_video(path)
        assert caught.value.allowed == words
    with (tmp_path / "large.png").open("wb") as file:
        file.write(b"\x89PNG")
        file.truncate(formats.MAX_IMAGE_BYTES + 1)
    with pytest.raises(TooLarge, match="67108865 bytes"):
        kind_of(tmp_path / "large.png", "large.png")
