"""What is open depends on the roots alone, and hidden entries of the home stay closed."""

from pathlib import Path

import pytest

from shotwright.tools.paths import allowed
from shotwright.tools.settings import from_environment


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user, with the data directory of the studio in a hidden folder."""
    home = (tmp_path / "user").resolve()
    (home / ".data" / "studio").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    return home


@pytest.mark.parametrize("start", ["/", ".", ".."])
def test_a_start_folder_that_is_or_holds_the_home_opens_nothing_more(
    user: Path, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    monkeypatch.chdir(user / start)
    data = user / ".data" / "studio"
    roots = from_environment({}, home=data, stdio=True).allowed_roots
    assert roots == (user, data)
    assert allowed(roots, user / "pictures" / "a.png") and allowed(roots, data / "a.png")
    assert not allowed(roots, user / ".ssh" / "key") and not allowed(roots, Path("/etc/passwd"))


def test_a_start_folder_elsewhere_is_open(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path.resolve())
    work = tmp_path.resolve() / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    roots = from_environment({}, home=user / ".data" / "studio", stdio=True).allowed_roots
    assert roots[-1] == work and allowed(roots, work / ".cache" / "a.png")


@pytest.mark.parametrize("root", ["/", ".", "project"])
def test_a_root_above_a_hidden_folder_of_the_home_does_not_open_it(user: Path, root: str) -> None:
    roots = ((user / root).resolve(),)
    assert not allowed(roots, user / "project" / ".git" / "config")
    assert allowed(roots, user / "project" / "a.png")


def test_a_root_at_or_inside_a_hidden_folder_opens_it(user: Path) -> None:
    assert allowed((user / ".data",), user / ".data" / "studio" / "a.png")
    assert allowed((user / ".data" / "studio",), user / ".data" / "studio" / "a.png")
    assert not allowed((user / ".data" / "studio",), user / ".data" / "a.png")
    assert not allowed((user / ".data",), user / ".data" / ".keys" / "a.png")
