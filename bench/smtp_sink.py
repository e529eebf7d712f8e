"""An SMTP server that accepts everything and counts, as cheap as can be: it must not be what is measured.

with SmtpSink() as sink:
    sink.port, sink.count()
"""

from __future__ import annotations

import asyncio
import subprocess
import sys

#: The command that asks how many mails were accepted.
COUNT = b"COUNT"
END = b"\r\n.\r\n"


class _Conversation(asyncio.Protocol):
    accepted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer, self.in_content = transport, bytearray(), False
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            end = self.buffer.find(END if self.in_content else b"\r\n")
            if end < 0:
                return
            line = bytes(self.buffer[:end])
            del self.buffer[: end + (len(END) if self.in_content else 2)]
            self.transport.write(self.answer(line))

    def answer(self, line: bytes) -> bytes:
        if self.in_content:
            self.in_content = False
            _Conversation.accepted += 1
            return b"250 2.0.0 Ok\r\n"
        command = line[:4].upper()
        if command == b"DATA":
            self.in_content = True
            return b"354 Go on\r\n"
        if command == b"QUIT":
            self.transport.close()
            return b"221 Bye\r\n"
        if command == b"EHLO":
            return b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
        return b"250 %d\r\n" % _Conversation.accepted if line == COUNT else b"250 Ok\r\n"


class SmtpSink:
    """The server as a child process, for the length of a ``with``."""

    def __enter__(self) -> SmtpSink:
        self._child = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        self.port = int(self._child.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.wait(10)
        if self._child.stdout:
            self._child.stdout.close()

    def count(self) -> int:
        """How many mails it has accepted."""
        import smtplib

        with smtplib.SMTP("127.0.0.1", self.port) as client:
            return int(client.docmd(COUNT.decode())[1])


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Conversation, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
