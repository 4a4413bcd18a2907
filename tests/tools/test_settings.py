"""Settings that do not read are refused by the name of their variable."""

from pathlib import Path

import pytest

from shotwright.generator.errors import BadRequest
from shotwright.tools.settings import from_environment


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres", "postgres"),
        ("mysql://me:secret@db/x", "mysql://…"),
        ("postgres://me:secret@db/x", "postgres://…"),
    ],
)
def test_a_database_of_another_kind_is_refused_and_no_password_repeated(
    tmp_path: Path, url: str, shown: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        from_environment({"SHOTWRIGHT_DATABASE_URL": url}, home=tmp_path)
    error = caught.value
    assert (error.field, error.value) == ("SHOTWRIGHT_DATABASE_URL", shown)
    assert error.allowed == ["sqlite:///…", "postgresql://…"] and "secret" not in str(error.body())


@pytest.mark.parametrize("url", ["sqlite:////data/a.sqlite", "postgresql://me@db/x"])
def test_both_kinds_of_database_are_taken_as_given(tmp_path: Path, url: str) -> None:
    assert from_environment({"SHOTWRIGHT_DATABASE_URL": url}, home=tmp_path).database_url == url


def test_relative_places_are_those_of_the_start_folder_for_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = {"HOME": "data", "STORE": "store", "DATABASE_URL": "sqlite:///jobs.sqlite"}
    named |= {"ALLOWED_ROOTS": "media", "C2PA_CERTIFICATE": "c.pem", "C2PA_KEY": "k.pem"}
    settings = from_environment({f"SHOTWRIGHT_{name}": value for name, value in named.items()})
    told = settings.environment()
    monkeypatch.chdir("/")
    assert from_environment(told) == settings
    assert told["SHOTWRIGHT_STORE"] == str(tmp_path / "store")
    assert told["SHOTWRIGHT_DATABASE_URL"] == f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    s3 = from_environment({"SHOTWRIGHT_STORE": "s3://bucket/x"}, home=tmp_path)
    assert s3.store == "s3://bucket/x"


def test_a_public_address_begins_every_link_and_reaches_workers(tmp_path: Path) -> None:
    env = {"SHOTWRIGHT_PUBLIC_URL": "https://video.example.com/", "SHOTWRIGHT_HOST": "0.0.0.0"}
    settings = from_environment(env, home=tmp_path)
    assert settings.base_url == "https://video.example.com"
    assert from_environment(settings.environment()).base_url == settings.base_url


@pytest.mark.parametrize(
    "url",
    [
        "video.example.com",
        "ftp://video.example.com",
        "https://video.example.com/studio",
        "https://me@video.example.com",
        "https://video.example.com:0",
        "https://video.example.com:x",
        "https://",
        "https://video.example.com?a=1",
    ],
)
def test_a_public_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadRequest, match="SHOTWRIGHT_PUBLIC_URL") as caught:
        from_environment({"SHOTWRIGHT_PUBLIC_URL": url}, home=tmp_path)
    assert caught.value.value == url
