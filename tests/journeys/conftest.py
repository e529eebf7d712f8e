"""What the journeys share: a Twilio that is a program of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shop import Shop
from tests.stubs.twilio_stub import TwilioStub
from tests.texting import Twilio


@pytest.fixture(scope="module")
def twilio_stub() -> Iterator[TwilioStub]:
    """The stand-in for Twilio's API."""
    with TwilioStub() as running:
        yield running


@pytest.fixture
def twilio(shop: Shop, twilio_stub: TwilioStub) -> Twilio:
    """The shop's Twilio account; its texts go there."""
    return Twilio.open(shop, twilio_stub.url)
