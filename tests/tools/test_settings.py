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
