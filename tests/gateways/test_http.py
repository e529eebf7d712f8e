"""The shared client: what fails before a connection stands was not sent, what fails after it may have been."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from nexnotify.gateways import http
from nexnotify.gateways.contract import Misconfigured, Transient, Unknown
from nexnotify.gateways.testkit import Answer, ScriptedServer, refused_url


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A listener that hands each connection to ``talk``, for what a real HTTP server would never do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        open_ones: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                open_ones.append(connection)
                with connection, suppress(OSError):
                    talk(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for each in open_ones:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            assert not thread.is_alive()


def test_an_answer_comes_back_whatever_its_status() -> None:
    with ScriptedServer(Answer(418, '{"tea": true}', {"X-Kind": "pot"})) as server:
        answer = http.request("POST", server.url + "/brew", fields={"leaf": "grün & gut"}, headers={"X-A": "b"})
    assert (answer.status, answer.json(), answer.headers["x-kind"]) == (418, {"tea": True}, "pot")
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.form) == ("POST", "/brew", {"leaf": ["grün & gut"]})
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["x-a"] == "b"


def test_fields_of_a_get_go_into_its_query_and_a_body_goes_as_it_is() -> None:
    with ScriptedServer() as server:
        http.request("GET", server.url + "/a?b=1", fields={"c": "ü"})
        http.request("POST", server.url + "/", body="ß", headers={"Content-Type": "text/plain"})
    assert server.asked[0].query == {"b": ["1"], "c": ["ü"]}
    assert server.asked[1].body == "ß".encode()


@pytest.mark.parametrize("body", ["", "<html>", "{", "[" * 100_000])
def test_garbage_is_no_json_and_the_caller_decides(body: str) -> None:
    assert http.HttpAnswer(200, {}, body.encode()).json() is None


@pytest.mark.parametrize("header, seconds", [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", 1.0), ("1e99", 3600.0)])
def test_retry_after_is_read_within_reason(header: str, seconds: float) -> None:
    assert http.HttpAnswer(429, {"retry-after": header}).retry_after() == seconds


def test_a_redirect_is_not_followed() -> None:
    with ScriptedServer(Answer(307, headers={"Location": "/elsewhere"})) as server:
        assert http.request("POST", server.url, fields={"a": "b"}).status == 307
        assert len(server.asked) == 1


def test_a_proxy_named_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", refused_url())
    monkeypatch.setenv("http_proxy", refused_url())
    with ScriptedServer() as server:
        assert http.request("GET", server.url).status == 200


def test_a_connection_is_kept_and_used_again() -> None:
    connections = []

    def talk(connection: socket.socket) -> None:
        connections.append(connection)
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with raw_server(talk) as url:
        for _ in range(3):
            assert http.request("GET", url).text == "ok"
    assert len(connections) == 1


def test_a_connection_that_the_provider_closed_while_idle_is_replaced() -> None:
    requests, closed = [], threading.Semaphore(0)

    def talk(connection: socket.socket) -> None:  # says keep-alive, and closes after the first answer
        requests.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.close()
        closed.release()

    with raw_server(talk) as url:
        for _ in range(3):
            assert http.request("GET", url).text == "ok"
            assert closed.acquire(timeout=10)
    assert len(requests) == 3


def test_a_kept_connection_that_breaks_after_the_request_is_unknown_and_the_text_goes_once() -> None:
    requests = []

    def talk(connection: socket.socket) -> None:
        requests.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        requests.append(connection.recv(65536))  # read, perhaps acted upon, never answered

    with raw_server(talk) as url:
        http.request("GET", url)
        with pytest.raises(Unknown):
            http.request("POST", url, fields={"text": "hello"})
    assert len(requests) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://name-that-is-not.invalid/",
        f"http://{'x' * 70}.example/",  # a label longer than DNS allows
    ],
)
def test_a_name_that_cannot_be_found_is_transient_or_misconfigured(url: str) -> None:
    with pytest.raises((Transient, Misconfigured)):
        http.request("GET", url)


def test_a_refused_connection_is_transient_and_says_why() -> None:
    with pytest.raises(Transient, match=r"No connection to 127\.0\.0\.1: connection refused"):
        http.request("POST", refused_url(), fields={"a": "b"})


def test_a_server_that_speaks_no_tls_was_sent_nothing() -> None:
    with ScriptedServer() as server, pytest.raises(Transient):
        http.request("POST", server.url.replace("http:", "https:"), fields={"a": "b"})
    assert server.asked == []


def test_a_connect_that_takes_too_long_is_transient() -> None:
    with socket.socket() as full:  # a listener whose queue is full takes no more connections
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = []
        try:
            for _ in range(3):
                each = socket.socket()
                each.setblocking(False)
                each.connect_ex(address)
                waiting.append(each)
            time.sleep(0.05)
            with pytest.raises(Transient):
                http.request("POST", f"http://127.0.0.1:{address[1]}", fields={"a": "b"}, timeout=0.3)
        finally:
            for each in waiting:
                each.close()


@pytest.mark.parametrize("url", ["ftp://example.test/", "nonsense", "http://", "http://[::1"])
def test_an_address_that_is_none_is_the_merchants_to_mend(url: str) -> None:
    with pytest.raises(Misconfigured):
        http.request("GET", url)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 9999999,
    ],
)
def test_a_broken_or_boundless_answer_is_unknown(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with raw_server(talk) as url, pytest.raises(Unknown):
        http.request("POST", url, fields={"a": "b"})


def test_an_answer_that_drips_is_given_up_in_time() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(100):
            time.sleep(0.1)
            connection.sendall(b"x")

    with raw_server(talk) as url:
        begun = time.monotonic()
        with pytest.raises(Unknown):
            http.request("POST", url, fields={"a": "b"}, timeout=0.5)
        assert time.monotonic() - begun < 2


def test_no_call_may_take_longer_than_the_contract_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TOTAL_TIMEOUT", 0.3)
    with ScriptedServer(Answer(delay=5)) as server:
        begun = time.monotonic()
        with pytest.raises(Unknown) as caught:
            http.request("GET", server.url, timeout=60)
        assert time.monotonic() - begun < 2
        assert caught.value.code == "timeout"


def test_the_whole_address_never_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with ScriptedServer() as server:
        http.request("GET", server.url, fields={"password": "hunter2"})
    assert "hunter2" not in caplog.text


def test_a_child_process_does_not_use_its_parents_connections() -> None:
    with ScriptedServer() as server:
        http.request("GET", server.url)
        before = http._pool
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            os.write(write, b"new" if http._pool is not before else b"old")
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(read, 3) == b"new"
        os.close(read)
        os.close(write)
