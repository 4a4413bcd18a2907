"""What a file is: a picture or a clip, told by its first bytes, read within limits.

Knows no store and no caller.  Names and suffixes are not believed; a broken file is refused here,
before a job depends on it.
Try: python -m pytest tests/tools/studio/test_formats.py
"""

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.errors import BadRequest, TooLarge

if TYPE_CHECKING:
    from PIL import Image

    from shotwright.generator.encode import VideoInfo

MAX_IMAGE_BYTES = 64 * 2**20
MAX_IMAGE_PIXELS = 64_000_000
MAX_FRAME_PIXELS = 4096 * 2304
"""Width times height of a clip's frames: 4K of any shape."""
MAX_VIDEO_BYTES = 2 * 2**30
MAX_VIDEO_SIDE = 4096
MAX_VIDEO_FRAMES = 20_000

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
"""What Pillow may open; its other readers start programs or are rarely tried."""

_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89PNG", "image", "png"),
    (0, b"\xff\xd8\xff", "image", "jpg"),
    (8, b"WEBP", "image", "webp"),
    (0, b"GIF8", "image", "gif"),
    (0, b"BM", "image", "bmp"),
    (0, b"II*\x00", "image", "tif"),
    (0, b"MM\x00*", "image", "tif"),
    (4, b"ftypavi", "image", "avif"),
    (4, b"ftypheic", "image", "heic"),
    (4, b"ftypheix", "image", "heic"),
    (4, b"ftypmif1", "image", "heic"),
    (4, b"ftypqt", "video", "mov"),
    (4, b"ftyp", "video", "mp4"),
    (4, b"moov", "video", "mov"),
    (4, b"mdat", "video", "mov"),
    (4, b"wide", "video", "mov"),
    (0, b"\x1a\x45\xdf\xa3", "video", "mkv"),
    (8, b"AVI ", "video", "avi"),
    (188, b"\x47", "video", "ts"),
    (0, b"\x00\x00\x01\xba", "video", "mpg"),
    (0, b"FLV", "video", "flv"),
    (0, b"OggS", "video", "ogv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video", "wmv"),
)
"""Where a format's mark stands, the mark, what it is, and the suffix it is stored under."""

Rgb = NDArray[np.uint8]

FIX = "Give a PNG, JPEG or WebP picture, or an MP4, MOV, MKV, WebM or AVI clip."


def sniff(head: bytes) -> tuple[str, str] | None:
    """("image" or "video", suffix) by the first 192 bytes of a file; None for anything else."""
    for at, mark, kind, suffix in _SIGNATURES:
        if head[at : at + len(mark)] == mark and (suffix != "ts" or head[:1] == mark):
            return kind, suffix
    return None


def kind_of(path: Path, name: str) -> tuple[str, str]:
    """("image" or "video", suffix) of a file, when it is small enough for its kind; name: its caller's.

    Raises: BadRequest (invalid_media) for anything else; TooLarge.
    """
    try:
        with path.open("rb") as file:
            found = sniff(file.read(192))
        size = path.stat().st_size
    except OSError as error:
        raise invalid(f"{name} cannot be read ({error.strerror})", FIX) from error
    if found is None:
        raise invalid(f"{name} is neither a picture nor a clip", FIX)
    limit = MAX_IMAGE_BYTES if found[0] == "image" else MAX_VIDEO_BYTES
    if size > limit:
        raise _large(f"{name} has {size} bytes", f"at most {limit} bytes")
    return found


def decode_picture(data: bytes) -> tuple[Rgb, tuple[dict[str, str], ...]]:
    """The picture in a file's bytes, uint8 RGB (height, width, 3), and warnings of what changed.

    It is turned upright as its EXIF says; transparent parts are laid on black, with a warning.
    Raises: BadRequest (invalid_media) for a broken file, an animation, or more than 8 bits a
    channel in grey; TooLarge beyond MAX_IMAGE_PIXELS.
    """
    from PIL import Image, ImageOps

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            _check_still(image)
            image.load()
            upright = ImageOps.exif_transpose(image)
            picture, warnings = _on_black(upright)
            return np.array(picture), warnings
    except bombs as error:
        raise _large("The picture is far too large", _PIXELS) from error
    except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        # Pillow's readers raise all of these for damaged files.
        raise invalid(f"The picture is damaged or of an unknown format ({error})", FIX) from error


def probe_video(path: Path) -> "VideoInfo":
    """What a clip holds, when it is whole and within the limits.

    Raises: BadRequest (invalid_media), TooLarge.
    """
    from shotwright.generator.encode import probe

    info = probe(path)
    if max(info.width, info.height) > MAX_VIDEO_SIDE:
        raise _large(
            f"The clip is {info.width}x{info.height}", f"at most {MAX_VIDEO_SIDE} pixels a side"
        )
    if info.frames > MAX_VIDEO_FRAMES:
        raise _large(f"The clip has {info.frames} frames", f"at most {MAX_VIDEO_FRAMES} frames")
    return info


def invalid(what: str, fix: str) -> BadRequest:
    """The error for a file that is not what it should be."""
    return BadRequest(f"{what}.", code="invalid_media", fix=fix, allowed="a whole picture or clip")


_PIXELS = f"at most {MAX_IMAGE_PIXELS // 1_000_000} megapixels"


def _check_still(image: "Image.Image") -> None:
    width, height = image.size
    if width * height > MAX_IMAGE_PIXELS:
        raise _large(f"The picture is {width}x{height}", _PIXELS)
    # MPO: a camera's JPEG with a second view behind the first, which is the picture.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise invalid(
            f"The {image.format} holds several frames",
            "Convert it to an MP4 and name it as a video, or save the frame you mean as PNG.",
        )
    if image.mode.startswith(("I", "F")):
        raise invalid(
            f"The picture has {image.mode} pixels, more than 8 bits of grey",
            "Save it as an 8-bit RGB PNG.",
        )


def _on_black(image: "Image.Image") -> tuple["Image.Image", tuple[dict[str, str], ...]]:
    from PIL import Image

    if image.has_transparency_data:
        layer = image.convert("RGBA")
        if layer.getchannel("A").getextrema() != (255, 255):
            black = Image.new("RGBA", layer.size, (0, 0, 0, 255))
            black.alpha_composite(layer)
            message = "The picture's transparent parts were laid on black."
            return black.convert("RGB"), ({"code": "alpha_on_black", "message": message},)
    return image.convert("RGB"), ()


def _large(what: str, allowed: str) -> TooLarge:
    return TooLarge(f"{what}; {allowed} are taken.", fix=f"Give {allowed}.", allowed=allowed)
