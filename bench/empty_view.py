"""The least that a request can cost: an app with one view that does nothing."""

from flask import Flask

app = Flask(__name__)


@app.post("/")
def nothing() -> tuple[str, int]:
    """Accepted."""
    return "", 202
