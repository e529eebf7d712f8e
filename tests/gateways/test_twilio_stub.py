"""The counting stand-in for Twilio can be believed: what it accepted is written down before anybody is told."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.stubs import twilio_stub
from tests.stubs.twilio_stub import TwilioStub

PATH = "/2010-04-01/Accounts/AC1/Messages.json"


def post(twilio: TwilioStub, to: str, timeout: float = 5.0, **fields: str) -> tuple[int, str]:
    connection = HTTPConnection(urlsplit(twilio.url).netloc, timeout=timeout)
    try:
        connection.request("POST", PATH, urlencode({"To": to, "From": "+12015550100", "Body": "Hi", **fields}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_each_text_counts_once_and_is_in_the_file(tmp_path: Path) -> None:
    with TwilioStub(file=tmp_path / "log") as twilio:
        sids = {json.loads(post(twilio, "+12015550123")[1])["sid"] for _ in range(3)}
        assert twilio.counts() == {"+12015550123": 3}
        assert {line["sid"] for line in twilio.accepted()} == sids
        assert all(re.fullmatch(r"SM[0-9a-f]{32}", sid) for sid in sids)


def test_an_accepted_text_stays_in_the_file_though_no_answer_came(tmp_path: Path) -> None:
    with TwilioStub(file=tmp_path / "log") as twilio:
        assert post(twilio, "+12015550001")[0] == 500
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            post(twilio, "+12015550002")
        with pytest.raises(TimeoutError):
            post(twilio, "+12015550005", timeout=0.3)
        assert post(twilio, "+12015550006") == (201, "<html>Welcome</html>")
        assert [line["to"][-4:] for line in twilio.accepted()] == ["0001", "0002", "0005", "0006"]


def test_a_refused_text_does_not_count() -> None:
    with TwilioStub() as twilio:
        assert post(twilio, "+12015550003")[0] == 429
        assert json.loads(post(twilio, "+12015550004")[1])["code"] == 21610
        assert post(twilio, "+12015550123", Body="")[0] == 400
        assert twilio.counts() == {}
        assert post(twilio, "+12015550003")[0] == 201
        assert twilio.counts() == {"+12015550003": 1}


def test_a_client_that_hangs_up_during_the_delay_has_sent_its_text_all_the_same() -> None:
    with TwilioStub(delay=0.2) as twilio:
        with pytest.raises(TimeoutError):
            post(twilio, "+12015550123", timeout=0.05)
        assert post(twilio, "+12015550124")[0] == 201
        assert twilio.counts() == {"+12015550123": 1, "+12015550124": 1}


def test_requests_on_one_connection_are_answered_in_turn_even_when_sent_in_one_go() -> None:
    body = urlencode({"To": "+12015550123", "From": "+1", "Body": "Hi"})
    one = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    with TwilioStub(delay=0.01) as twilio:
        netloc = urlsplit(twilio.url)
        with socket.create_connection((netloc.hostname, netloc.port or 0), 5) as connection:
            connection.sendall(one * 3)
            got = b""
            while got.count(b"HTTP/1.1 201") < 3:
                got += connection.recv(65536)
        assert twilio.counts() == {"+12015550123": 3}


def test_it_runs_as_a_command_and_says_where(tmp_path: Path) -> None:
    command = [sys.executable, twilio_stub.__file__, "--port", "0", "--delay", "0.05", "--file", str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", child.stdout.readline())
        child.terminate()
