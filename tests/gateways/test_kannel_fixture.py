"""Where Kannel is missing, a developer is told how to get it, and CI may not pass over it."""

from __future__ import annotations

import pytest

from tests import kannel


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(kannel, "installed", lambda: False)
    return monkeypatch


def test_a_developer_skips_with_the_sentence_how_to_install(missing: pytest.MonkeyPatch) -> None:
    missing.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install"):
        kannel.require()


def test_ci_fails(missing: pytest.MonkeyPatch) -> None:
    missing.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install"):
        kannel.require()
