"""What jobs end with where nothing else says it."""

import errno

from shotwright.tools.studio.endings import unforeseen


def test_a_full_disk_is_told_as_one_and_anything_else_sends_to_the_log() -> None:
    full = unforeseen(OSError(errno.ENOSPC, "No space left on device", "clip.mp4"))
    assert full.code == "render_failed" and "no room" in full.message and full.retryable
    assert "SHOTWRIGHT_HOME" in full.fix
    other = unforeseen(KeyError("x"))
    assert other.code == "internal" and "log" in other.fix and not other.retryable
