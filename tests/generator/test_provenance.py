"""What a file says of its origin can be read back, and its picture known again after a re-encoding."""

import json
from pathlib import Path

import numpy as np
import pytest

from shotwright.generator.encode import Frames, probe, read_video, write_mp4
from shotwright.generator.errors import BadRequest
from shotwright.generator.provenance import (
    SAME,
    XMP_BOX,
    Likeness,
    difference,
    likeness,
    packet,
    read_seal,
    seal,
    thumbs,
    track_digest,
)

WORDS = {
    "DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    "AIGC": json.dumps({"Label": "1", "ContentProducer": "a & b <c>", "ProduceID": "中"}),
    "SlateDigest": "ab" * 32,
}


def clip(seed: int, count: int = 12) -> Frames:
    """Smooth coloured blobs that drift."""
    import cv2

    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 10, 3), dtype=np.uint8)
    large = cv2.resize(small, (220, 96), interpolation=cv2.INTER_CUBIC)
    return np.stack([large[:, 2 * n : 2 * n + 160] for n in range(count)])


def sealed(path: Path, frames: Frames) -> Likeness:
    write_mp4(path, frames, fps=8, metadata=WORDS)
    found = likeness(path, frames, len(frames))
    seal(path, packet(WORDS, found))
    return found


def test_a_seal_comes_back_word_for_word_and_the_clip_still_plays(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    found = sealed(path, clip(1))
    back = read_seal(path)
    assert back.source_type == WORDS["DigitalSourceType"] and back.aigc == WORDS["AIGC"]
    assert (back.slate_digest, back.track, back.thumbs) == ("ab" * 32, found.track, found.thumbs)
    assert probe(path).frames == 12 and WORDS.items() <= probe(path).metadata.items()
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat") < data.index(XMP_BOX)


def test_the_same_clip_and_words_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        sealed(tmp_path / name, clip(1))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_re_encoded_clip_is_the_same_picture_in_another_track(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.mp4", tmp_path / "b.mp4"
    found = sealed(path, clip(1))
    decoded = read_video(path, max_frames=99, max_pixels=1 << 20).frames
    half = decoded[:, ::2, ::2]  # smaller, and lossy a second time
    write_mp4(copy, half, fps=8, metadata={})
    assert track_digest(copy) != found.track
    assert difference(thumbs(half, 12), found.thumbs) < SAME / 2


def test_another_clip_a_cut_one_and_a_painted_one_are_not(tmp_path: Path) -> None:
    mine = thumbs(clip(1), 12)
    assert difference(thumbs(clip(2), 12), mine) > SAME
    painted = clip(1)
    painted[:, :48, :80] = 255
    assert difference(thumbs(painted, 12), mine) > SAME
    swapped = clip(1)[::-1]
    assert difference(thumbs(swapped, 12), mine) > 0


def test_files_without_a_seal_or_with_a_damaged_one_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_mp4(path, clip(1), fps=8, metadata={})
    assert read_seal(path).track is None
    for xmp in (b"", b"<broken", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'):
        seal(path, xmp)
        assert read_seal(path).slate_digest is None
    for junk in (b"", b"\0" * 7, b"\0\0\0\x08uuid", b"\0\0\0\1uuid" + b"\xff" * 40, b"text " * 99):
        path.write_bytes(junk)
        assert read_seal(path).aigc is None


def test_a_seal_of_another_program_is_read_whatever_its_prefixes(tmp_path: Path) -> None:
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF '
        'xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description '
        'xmlns:A="http://www.tc260.org.cn/ns/AIGC/1.0/" A:AIGC="{&quot;Label&quot;:&quot;1&quot;}"/>'
        "</r:RDF></x:xmpmeta>"
    )
    path = tmp_path / "a.mp4"
    write_mp4(path, clip(1), fps=8, metadata={})
    seal(path, xmp.encode())
    assert read_seal(path).aigc == '{"Label":"1"}'


def test_damaged_thumbnails_are_refused() -> None:
    for text in ("", "AAAA", "not base64 !"):
        with pytest.raises(BadRequest):
            difference(text, thumbs(clip(1), 12))
