"""The script's two addresses: one that follows us, one that never changes."""

import base64
import gzip
import hashlib

from flask import Flask
from flask.testing import FlaskClient

from nexnotify.web import widget_script
from nexnotify.web.widget_script import current_release, release_of, script_tag


def test_the_rolling_address_is_asked_again_within_minutes(client: FlaskClient) -> None:
    answer = client.get("/widget/v1/nexnotify.js")
    assert answer.status_code == 200
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=300, stale-while-revalidate=86400"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in answer.headers
    again = client.get("/widget/v1/nexnotify.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_immutable_address_serves_what_its_hash_says(client: FlaskClient) -> None:
    release = current_release()
    answer = client.get(f"/widget/{release.version}/nexnotify.js")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    digest = base64.b64encode(hashlib.sha384(answer.data).digest()).decode()
    assert release.integrity == f"sha384-{digest}"


def test_it_travels_packed(client: FlaskClient) -> None:
    plain = client.get("/widget/v1/nexnotify.js")
    packed = client.get("/widget/v1/nexnotify.js", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_another_content_has_another_address() -> None:
    assert release_of(b"one").version != release_of(b"two").version
    assert release_of(b"one").version.startswith("v1.")


def test_an_unknown_version_is_not_answered_with_todays_script(client: FlaskClient) -> None:
    for version in ("v1.000000000000", "v2", "..%2fv1"):
        assert client.get(f"/widget/{version}/nexnotify.js").status_code == 404


def test_a_former_script_that_was_kept_still_answers(client: FlaskClient, monkeypatch, tmp_path) -> None:
    former = release_of(b"former();")
    (tmp_path / f"{former.version}.js").write_bytes(former.content)
    monkeypatch.setattr(widget_script, "KEPT", tmp_path)
    widget_script.kept_releases.cache_clear()
    try:
        assert client.get(f"/widget/{former.version}/nexnotify.js").data == b"former();"
    finally:
        widget_script.kept_releases.cache_clear()


def test_kept_scripts_lie_under_their_own_names() -> None:
    names = {path.stem for path in widget_script.KEPT.glob("*.js")} if widget_script.KEPT.is_dir() else set()
    assert names == set(widget_script.kept_releases())


def test_the_snippet_for_the_merchant(app: Flask) -> None:
    release = current_release()
    with app.app_context():
        assert script_tag("nn_key") == (
            '<script async src="http://127.0.0.1:8000/widget/v1/nexnotify.js" data-nexnotify data-store="nn_key"></script>'
        )
        pinned = script_tag("nn_key", pinned=True)
    assert f"/widget/{release.version}/nexnotify.js" in pinned
    assert f'integrity="{release.integrity}" crossorigin="anonymous"' in pinned
