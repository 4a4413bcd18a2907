"""A cookie is ours, young enough and of this token; a write brings its session's CSRF token."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.server.web.session import KEEP_S, Sessions
from shotwright.tools.settings import Settings, from_environment


def _settings(home: Path, token: str | None = None) -> Settings:
    return from_environment({}, home=home, token=token)


def test_a_session_outlives_the_process_and_not_another_token(tmp_path: Path) -> None:
    first = Sessions(_settings(tmp_path, "one"))
    session = first.issue("member")
    again = Sessions(_settings(tmp_path, "one"))
    assert again.kind(session) == "member" and again.csrf(session) == first.csrf(session)
    assert Sessions(_settings(tmp_path, "two")).kind(session) is None
    assert (tmp_path / "web.secret").stat().st_mode & 0o077 == 0


def test_a_secret_that_a_full_disk_left_empty_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "web.secret").touch(0o600)
    Sessions(_settings(tmp_path)).issue("visitor")
    assert len((tmp_path / "web.secret").read_bytes()) == 32


def test_a_visitor_may_use_a_studio_without_a_token_only(tmp_path: Path) -> None:
    plain, secured = Sessions(_settings(tmp_path)), Sessions(_settings(tmp_path, "one"))
    assert plain.open_to(None) and plain.open_to(plain.issue("visitor"))
    assert not secured.open_to(None) and not secured.open_to(secured.issue("visitor"))
    assert secured.open_to(secured.issue("member"))
    assert not secured.open_to(secured.issue("visitor").replace("visitor", "member"))


def test_a_session_ends(tmp_path: Path) -> None:
    now = 1e9
    sessions = Sessions(_settings(tmp_path), clock=lambda: now)
    session = sessions.issue("visitor")
    now += KEEP_S
    assert sessions.kind(session) == "visitor"
    now += 1
    assert sessions.kind(session) is None
    now = 0
    assert sessions.kind(session) is None  # of the future


def test_one_session_cannot_write_with_the_token_of_another(tmp_path: Path) -> None:
    sessions = Sessions(_settings(tmp_path))
    mine, other = sessions.issue("visitor"), sessions.issue("visitor")
    assert sessions.allows_write(mine, sessions.csrf(mine))
    assert not sessions.allows_write(mine, sessions.csrf(other))
    assert not sessions.allows_write(mine, "")


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    return Sessions(_settings(tmp_path_factory.mktemp("home")))


@given(st.binary(max_size=200))
def test_no_bytes_are_a_session_and_none_raise(sessions: Sessions, line: bytes) -> None:
    named = sessions.cookie.encode() + b"=" + line
    assert sessions.of({b"cookie": [line, named]}) is None


def test_the_cookie_is_found_among_others(tmp_path: Path) -> None:
    sessions = Sessions(_settings(tmp_path))
    session = sessions.issue("visitor")
    line = f'a="x; y"; lang=zh;{sessions.cookie}={session}; b'.encode()
    assert sessions.of({b"cookie": [line]}) == session
