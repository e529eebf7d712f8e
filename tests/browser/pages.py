"""A shop on an origin of its own: pages made by the tests, served under a strict Content-Security-Policy."""

from __future__ import annotations

import itertools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

CSS = "body{margin:0;padding:16px;font:16px/1.5 Arial,sans-serif;color:#222;background:#fff}main{max-width:460px}"
DARK = "body.night{background:#101012;color:#f1f1f1}"


class Pages:
    """The shop's web server, in a thread."""

    def __init__(self, app: str, key: str) -> None:
        self.app, self.key = app, key
        self.policy = (
            f"default-src 'none'; script-src {app}; style-src 'self'; connect-src {app}; "
            "require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'"
        )
        self._pages: dict[str, tuple[str, str]] = {"/shop.css": ("text/css", CSS + DARK)}
        self._numbers = itertools.count(1)
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                kind, text = pages._pages.get(self.path.partition("?")[0], ("", ""))
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", f"{kind or 'text/plain'}; charset=utf-8")
                self.send_header("Content-Security-Policy", pages.policy)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        # Another host name, so that not even the site is the same.
        self.url = f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> Pages:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def put(self, path: str, kind: str, text: str) -> None:
        """A file of the shop's."""
        self._pages[path] = (kind, text)

    def script(self, address: str = "/widget/v1/nexnotify.js", more: str = "") -> str:
        """The merchant's script tag."""
        return f'<script async src="{self.app}{address}" data-nexnotify data-store="{self.key}" {more}></script>'

    def add(self, body: str, *, head: str | None = None, attributes: str = 'lang="en"', night: bool = False) -> str:
        """The address of a new page; the script stands in the head unless ``head`` says otherwise."""
        path = f"/p{next(self._numbers)}"
        page = (
            f"<!doctype html><html {attributes}><head><meta charset=utf-8><title>Tee</title>"
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<link rel="stylesheet" href="/shop.css">{self.script() if head is None else head}</head>'
            f"<body{' class=night' if night else ''}><main><h1>Tee</h1>{body}</main></body></html>"
        )
        self._pages[path] = ("text/html", page)
        return self.url + path
