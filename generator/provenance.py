"""What a finished file says of its own origin, beside the container's metadata, and how its picture is known again.

An XMP packet in a `uuid` box at the end of an MP4 holds the IPTC source type, the `AIGC` object of
GB 45438-2025, the digest of the slate, and two descriptions of the picture: the SHA-256 of its coded
track, which any re-encoding breaks, and small grey thumbnails, which survive one.  The box follows
all others, so no offset in the file moves; the same clip and words give the same bytes.
Knows no store and no jobs.
Try: python -m pytest tests/generator/test_provenance.py
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Picture

XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The `uuid` of an XMP box in ISO media.  Source: Adobe, XMP Specification Part 3, MPEG-4."""

THUMBS, SIDE = 8, 8
"""How many frames a clip is known by, and the side of each thumbnail in cells."""
SAME = 6.0
"""Mean difference of a thumbnail, in grey levels of 255, up to which the picture is the same: re-encoding at a poor
quality (CRF 40) makes 0.3 to 3, another seed of the same shot 12 and more."""
MAX_PACKET = 1 << 20
_BRIEF = 1 << 16

_SPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
    "shotwright": "urn:shotwright:provenance:1",
}


@dataclass(frozen=True)
class Likeness:
    """How a clip's picture is known again.

    track: SHA-256 in hex of the coded picture track; thumbs: base64 of THUMBS x SIDE x SIDE grey bytes.
    """

    track: str
    thumbs: str


@dataclass(frozen=True)
class Seal:
    """What the XMP of a file says; None where it says nothing."""

    source_type: str | None = None
    aigc: str | None = None
    slate_digest: str | None = None
    track: str | None = None
    thumbs: str | None = None


def likeness(path: Path, frames: Iterable[Picture], count: int) -> Likeness:
    """The likeness of the MP4 at `path`, whose `count` frames are given one by one."""
    return Likeness(track_digest(path), thumbs(frames, count))


def thumbs(frames: Iterable[Picture], count: int) -> str:
    """Grey thumbnails of THUMBS frames, evenly spaced over `count` of uint8 RGB (height, width, 3), in base64."""
    wanted = [round(number) for number in np.linspace(0, count - 1, THUMBS)]
    cells: dict[int, bytes] = {}
    for number, frame in enumerate(frames):
        if number in wanted:
            grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
            cells[number] = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).tobytes()
    last = cells[max(cells)]  # a file whose header promised more frames than it has
    return base64.b64encode(b"".join(cells.get(number, last) for number in wanted)).decode("ascii")


def difference(one: str, other: str) -> float:
    """The largest difference of two clips' thumbnails, each the mean over its cells, in grey levels of 255.

    Raises: BadRequest when either is no base64 of the right length.
    """
    a, b = _cells(one), _cells(other)
    return float(np.abs(a - b).mean(axis=1).max())


def track_digest(path: Path) -> str:
    """SHA-256 of the coded frames of the first picture track: containers may change around it."""
    import av

    digest = hashlib.sha256()
    with av.open(f"file:{path}", options={"protocol_whitelist": "file"}) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                digest.update(bytes(packet))
    return digest.hexdigest()


def pixels_digest(picture: Picture) -> str:
    """SHA-256 of a single picture's values, uint8 RGB (height, width, 3)."""
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()


def packet(metadata: Mapping[str, str], found: Likeness) -> bytes:
    """The XMP packet: of the container's `metadata` what concerns its origin, and the likeness."""
    words = {
        "xmp:CreatorTool": "Shotwright",
        "Iptc4xmpExt:DigitalSourceType": metadata["DigitalSourceType"],
        "TC260:AIGC": metadata["AIGC"],
        "shotwright:SlateDigest": metadata["SlateDigest"],
        "shotwright:Track": found.track,
        "shotwright:Thumbs": found.thumbs,
    }
    spaces = " ".join(f'xmlns:{name}="{uri}"' for name, uri in _SPACES.items() if name != "x")
    lines = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in words.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="{_SPACES["x"]}"><rdf:RDF {spaces.split(" ", 1)[0]}>'
        f'<rdf:Description rdf:about="" {spaces.split(" ", 1)[1]}>{lines}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def seal(path: Path, xmp: bytes) -> None:
    """Append the packet to an MP4."""
    with path.open("ab") as out:
        out.write((24 + len(xmp)).to_bytes(4, "big") + b"uuid" + XMP_BOX + xmp)


def read_seal(path: Path) -> Seal:
    """What the XMP of an ISO media file says; an empty seal where there is none, or none that can be read."""
    with path.open("rb") as file:
        xmp = _xmp(file, path.stat().st_size)
    if xmp is None or b"<!" in xmp:  # a document type could name other files, or grow without end
        return Seal()
    try:
        root = ElementTree.fromstring(xmp)
    except ElementTree.ParseError:
        return Seal()

    def value(space: str, name: str) -> str | None:
        key = f"{{{_SPACES[space]}}}{name}"
        element = root.find(f".//{key}")
        if element is not None:
            return "".join(element.itertext()).strip()[:_BRIEF]
        about = root.find(f".//{{{_SPACES['rdf']}}}Description[@{key}]")
        return None if about is None else about.get(key, "")[:_BRIEF]

    return Seal(
        source_type=value("Iptc4xmpExt", "DigitalSourceType"),
        aigc=value("TC260", "AIGC"),
        slate_digest=value("shotwright", "SlateDigest"),
        track=value("shotwright", "Track"),
        thumbs=value("shotwright", "Thumbs"),
    )


def _xmp(file: BinaryIO, size: int) -> bytes | None:
    """The content of the last XMP box on the top level; None without one."""
    found, at = None, 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(32)
        length, kind, body = int.from_bytes(head[:4], "big"), head[4:8], 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = size - at
        if length < body or at + length > size:
            return found
        if kind == b"uuid" and head[body : body + 16] == XMP_BOX and length < MAX_PACKET:
            file.seek(at + body + 16)
            found = file.read(length - body - 16)
        at += length
    return found


def _cells(text: str) -> NDArray[np.int16]:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if len(data) != THUMBS * SIDE * SIDE:
        raise BadRequest(
            "the file's thumbnails are damaged.",
            code="invalid_media",
            fix="compare with the original file",
        )
    return np.frombuffer(data, np.uint8).reshape(THUMBS, -1).astype(np.int16)
