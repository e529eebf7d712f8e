"""Load in a process of its own: sign-ups of distinct numbers over 16 keep-alive connections until stdin ends.

``python -m bench.signup_load PORT PATH SKU FIRST_NUMBER`` prints ``{"count", "seconds", "p99_s", "refused"}``.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator

CONNECTIONS = 16


async def main(port: int, path: str, sku: str, first: int) -> None:
    """Ask until told to end."""
    numbers, ended = itertools.count(first), asyncio.Event()
    reading = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    reading.add_done_callback(lambda _: ended.set())
    begun = time.monotonic()
    shoppers = [_shop(port, path, sku, numbers, ended) for _ in range(CONNECTIONS)]
    answers = list(itertools.chain.from_iterable(await asyncio.gather(*shoppers)))
    seconds = time.monotonic() - begun
    taken = sorted(took for status, took in answers if status == 202)
    print(
        json.dumps(
            {
                "count": len(taken),
                "seconds": seconds,
                "p99_s": taken[len(taken) * 99 // 100] if taken else 0.0,
                "refused": len(answers) - len(taken),
            }
        )
    )


async def _shop(
    port: int, path: str, sku: str, numbers: Iterator[int], ended: asyncio.Event
) -> list[tuple[int, float]]:
    """One connection: (status, seconds) of each answer."""
    answers = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not ended.is_set():
        asked = {"sku": sku, "phone": f"+1213{next(numbers)}", "channels": ["sms"], "consent": True}
        body = json.dumps(asked | {"page_url": "https://shop.example/tee"}).encode()
        begun = time.monotonic()
        head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        status, lives = await _answer(reader)
        answers.append((status, time.monotonic() - begun))
        if not lives:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    return answers


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status, and whether the connection stays open."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:] if line)
    await reader.readexactly(int(fields.get("content-length", 0)))
    return int(lines[0].split()[1]), fields.get("connection") != "close"


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
