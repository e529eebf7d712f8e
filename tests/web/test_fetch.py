"""Reading a page that somebody names: no door into our own network, and no server can hold us up."""

import contextlib
import datetime as dt
import gzip
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nexnotify import fetch
from nexnotify.fetch import Busy, Unreachable, fetch_page, is_public, origin_of

HTML = "<h1>Tee &amp; “Mug”</h1>"


class Handler(BaseHTTPRequestHandler):
    server: "Shop"

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        getattr(self, "_" + self.path.strip("/").partition("?")[0], self._page)()

    def _page(self) -> None:
        self._send(HTML.encode(), {"Content-Security-Policy": "script-src 'self'"})

    def _send(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def _latin(self) -> None:
        self._send("Größe".encode("latin-1"), {"Content-Type": "text/html; charset=ISO-8859-1"})

    def _odd(self) -> None:
        self._send(b"ok", {"Content-Type": "text/html; charset=zlib"})

    def _packed(self) -> None:
        self._send(gzip.compress(HTML.encode()), {"Content-Encoding": "gzip"})

    def _large(self) -> None:
        self._send(b"x" * (2 * fetch.MAX_BYTES), {})

    def _exact(self) -> None:
        self._send(b"x" * fetch.MAX_BYTES, {})

    def _strict(self) -> None:
        self._send(HTML.encode(), {"Content-Security-Policy": "script-src " + "a " * 10_000})

    def _slow_word(self) -> None:
        self._send(b"a-" * 200_000, {"Content-Type": "text/html; charset=punycode"})

    def _json(self) -> None:
        self._send(b"{}", {"Content-Type": "application/json"})

    def _gone(self) -> None:
        self._send(b"", {}, 404)

    def _round(self) -> None:
        self._send(b"", {"Location": "/round"}, 302)

    def _once(self) -> None:
        self._send(b"", {"Location": "/page"}, 301)

    def _inside(self) -> None:
        self._send(b"", {"Location": self.server.secret}, 302)

    def _file(self) -> None:
        self._send(b"", {"Location": "file:///etc/passwd"}, 302)

    def _drip(self) -> None:
        self._send(b"", {"Content-Length": "1000"})
        self._drop_by_drop()

    def _drip_head(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        self._drop_by_drop()

    def _drip_continue(self) -> None:
        self._drop_by_drop(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _drip_chunk(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n5;x=")
        self._drop_by_drop()

    def _drop_by_drop(self, drop: bytes = b"x") -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            for _ in range(100):
                self.wfile.write(drop)
                self.wfile.flush()
                time.sleep(0.05)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Shop(ThreadingHTTPServer):
    daemon_threads = True
    secret = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, str]]] = []


@contextlib.contextmanager
def running(server: Shop) -> Iterator[Shop]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server() -> Iterator[Shop]:
    with running(Shop()) as server:
        yield server


def read(server: Shop, path: str = "/page") -> fetch.Page:
    """A page of shop.example, a private shop in development, whose name leads to this machine."""
    origin = f"http://shop.example:{server.server_port}"
    return fetch_page(origin + path, {origin}, lambda host, port: ["127.0.0.1"])


@pytest.mark.parametrize(
    "address,public",
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),  # where clouds keep their secrets
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("2002:7f00:0001::", False),  # 127.0.0.1 in 6to4
        ("64:ff9b::7f00:1", False),  # and in NAT64
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b::5db8:d822", True),
        ("shop.example", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://shop.example/",
        "gopher://shop.example/",
        "javascript:alert(1)",
        "//shop.example/",
        "shop.example/tee",
        "https://",
        "https://ann:secret@shop.example/",
        "https://shop.example:22/",
        "https://shop.example:99999/",
        "http://[::1/",
        "https://xn--.example/é" + "é" * 80 + ".example",
    ],
)
def test_what_is_no_public_page_is_not_even_looked_up(url: str) -> None:
    asked: list[str] = []
    with pytest.raises(Unreachable):
        fetch_page(url, resolve=lambda host, port: asked.append(host) or [])  # type: ignore[func-returns-value]
    assert [host for host in asked if host != "xn--.example"] == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1", "[::ffff:7f00:1]"]
)
def test_this_machine_is_not_read_however_it_is_written(
    server: Shop, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fetch.PORTS, "http", server.server_port)
    with pytest.raises(Unreachable):
        fetch_page(f"http://{host}/page")
    assert server.seen == []


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Unreachable, match="not on the public internet"):
        fetch_page("http://shop.example/", resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"])


def test_the_connection_goes_to_the_address_that_was_checked(server: Shop) -> None:
    page = read(server)
    assert page.text == HTML
    assert page.policies == ("script-src 'self'",)
    [(_, headers)] = server.seen
    assert headers["Host"] == f"shop.example:{server.server_port}"
    assert not {"Cookie", "Authorization", "Referer"} & set(headers)


def test_a_name_is_looked_up_once_for_each_address(server: Shop) -> None:
    asked: list[str] = []

    def changing(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    origin = f"http://shop.example:{server.server_port}"
    fetch_page(f"{origin}/once", {origin}, changing)
    assert asked == ["shop.example", "shop.example"]  # the page, and where it leads


def test_a_redirect_is_checked_like_the_first_address(server: Shop) -> None:
    with running(Shop()) as inside:
        server.secret = f"http://127.0.0.1:{inside.server_port}/page"
        with pytest.raises(Unreachable):
            read(server, "/inside")
        server.secret = "http://169.254.169.254/latest/meta-data/"
        with pytest.raises(Unreachable):
            read(server, "/inside")
        assert inside.seen == []
    with pytest.raises(Unreachable):
        read(server, "/file")


def test_redirects_are_followed_and_end(server: Shop) -> None:
    assert read(server, "/once").url == f"http://shop.example:{server.server_port}/page"
    server.seen.clear()
    with pytest.raises(Unreachable, match="again and again"):
        read(server, "/round")
    assert len(server.seen) == fetch.MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    "path,why",
    [
        ("/packed", "came packed"),
        ("/strict", "too long"),
        ("/json", "not a web page"),
        ("/gone", "404"),
    ],
)
def test_what_cannot_be_read_is_said(server: Shop, path: str, why: str) -> None:
    with pytest.raises(Unreachable, match=why):
        read(server, path)


def test_of_a_long_page_the_beginning_is_read(server: Shop) -> None:
    page = read(server, "/large")
    assert (len(page.text), page.is_whole) == (fetch.MAX_BYTES, False)
    page = read(server, "/exact")
    assert (len(page.text), page.is_whole) == (fetch.MAX_BYTES, True)


@pytest.mark.parametrize("path", ["/drip", "/drip_head", "/drip_continue", "/drip_chunk"])
def test_whatever_comes_drop_by_drop_is_given_up(server: Shop, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 0.3)
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="within"):
        read(server, path)
    assert time.monotonic() - begun < 1.5
    assert nobody_reads()  # long before the server is done


def test_a_name_that_is_looked_up_for_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 0.1)
    found = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        found.wait(10)
        return []

    begun = time.monotonic()
    with pytest.raises(Unreachable, match="within"):
        fetch_page("https://shop.example/", resolve=slow)
    assert time.monotonic() - begun < 1.5
    with pytest.raises(Busy):  # its thread is still there
        fetch_page("https://shop.example/", resolve=slow)
    found.set()
    assert nobody_reads()


def test_one_page_is_read_at_a_time_for_each_reader_and_few_in_all() -> None:
    going, found = threading.Semaphore(0), threading.Event()

    def slow(host: str, port: int) -> list[str]:
        going.release()
        found.wait(10)
        return []

    def ask(reader: int) -> None:
        with pytest.raises(Unreachable):
            fetch_page("https://shop.example/", resolve=slow, reader=reader)

    threads = [threading.Thread(target=ask, args=(reader,)) for reader in range(fetch.AT_ONCE)]
    threads[0].start()
    going.acquire()
    with pytest.raises(Busy):
        fetch_page("https://shop.example/", resolve=slow, reader=0)
    for thread in threads[1:]:
        thread.start()
        going.acquire()
    with pytest.raises(Busy):
        fetch_page("https://shop.example/", resolve=slow, reader=fetch.AT_ONCE)
    found.set()
    for thread in threads:
        thread.join()
    assert nobody_reads()
    with pytest.raises(Unreachable):
        fetch_page("https://shop.example/", resolve=lambda host, port: [], reader=0)


def nobody_reads() -> bool:
    """Whether the threads of all readings end soon."""
    threads = [thread for thread in threading.enumerate() if thread.name == "fetch"]
    for thread in threads:
        thread.join(1.5)
    return not any(thread.is_alive() for thread in threads)


def test_an_encoding_that_takes_minutes_is_not_one_of_a_page(server: Shop) -> None:
    begun = time.monotonic()
    assert read(server, "/slow_word").text.startswith("a-a-")
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("path", ["/größe", "/a b?x=“1”", "/%C3%A9"])
def test_an_address_is_read_as_people_write_it(server: Shop, path: str) -> None:
    assert read(server, path).text == HTML


@pytest.mark.parametrize("path,text", [("/latin", "Größe"), ("/odd", "ok")])
def test_encodings(server: Shop, path: str, text: str) -> None:
    assert read(server, path).text == text


def test_nobody_there_and_no_such_name(server: Shop) -> None:
    with pytest.raises(Unreachable, match="no host with the name"):
        fetch_page("https://shop.example/", resolve=lambda host, port: [])
    origin = f"http://shop.example:{server.server_port}"
    server.shutdown()
    server.server_close()
    with pytest.raises(Unreachable, match="refuses connections"):
        fetch_page(origin, {origin}, lambda host, port: ["127.0.0.1"])


def test_a_certificate_must_be_of_the_name_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = tmp_path / "shop.pem"
    certificate.write_bytes(_certificate("shop.example"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    shop = Shop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    shop.socket = context.wrap_socket(shop.socket, server_side=True, do_handshake_on_connect=False)
    with running(shop):
        for host, fine in (("shop.example", True), ("other.example", False)):
            origin = f"https://{host}:{shop.server_port}"
            if fine:
                assert fetch_page(origin, {origin}, lambda host, port: ["127.0.0.1"]).text == HTML
            else:
                with pytest.raises(Unreachable, match="certificate"):
                    fetch_page(origin, {origin}, lambda host, port: ["127.0.0.1"])


def _certificate(host: str) -> bytes:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + made.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    "url,origin",
    [
        ("HTTPS://Shop.Example/tee?x=1", "https://shop.example"),
        ("https://shop.example:443/", "https://shop.example"),
        ("http://shop.example:8080/", "http://shop.example:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin
