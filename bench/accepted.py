"""The file in which the Twilio stand-in writes what it accepted, read while it grows."""

from __future__ import annotations

import json
import time
from pathlib import Path


class AcceptedTexts:
    """What has been accepted so far: number and moment (seconds since the epoch) of each text."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self.texts: list[tuple[str, float]] = []

    def wait_for(self, count: int, timeout: float, every: float = 0.05) -> None:
        """Until ``count`` have been accepted.

        :raises TimeoutError: they were not, in ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while self._look() < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.texts)} of {count} texts were accepted in {timeout:.0f} seconds.")
            time.sleep(every)

    def _look(self) -> int:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read)
                news = file.read()
            news = news[: news.rfind(b"\n") + 1]
            self._read += len(news)
            for line in news.splitlines():
                entry = json.loads(line)
                self.texts.append((entry["to"], entry["at"]))
        return len(self.texts)
