"""Compatible Software: the platform's tenant id, and the licence that becomes a gateway."""

from __future__ import annotations

import pytest

from nexnotify.gateways.testkit import ScriptedServer
from tests.admin import Desk
from tests.shop import Shop
from tests.stubs.cdyne_stub import Cdyne
from tests.texting import Line

LICENCE = "2f1c6a52-0000-4000-8000-5ec8e7000001"


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """An admin's browser."""
    return Desk.of(shop, "admin")


@pytest.mark.parametrize("role,status", [("viewer", 403), ("staff", 403), ("admin", 200), ("owner", 200)])
def test_only_owners_and_admins_come_in(shop: Shop, role: str, status: int) -> None:
    desk = Desk.of(shop, role)
    desk.page("/settings/compatible", status)
    assert ("Compatible Software" in desk.page("/settings")) is (status == 200)
    if status == 403:
        desk.post("/settings/compatible", 403, platform_tenant_id="12345")
        desk.post("/settings/compatible/licence", 403, licence=LICENCE)
        assert shop.get("settings")["platform_tenant_id"] == ""


@pytest.mark.parametrize("typed,kept", [("12345", "12345"), (" 123 45 ", "12345"), ("", ""), ("AB-7", "AB-7")])
def test_the_tenant_id_is_kept_as_it_is_meant(shop: Shop, desk: Desk, typed: str, kept: str) -> None:
    page = desk.post("/settings/compatible", platform_tenant_id=typed)
    assert shop.get("settings")["platform_tenant_id"] == kept
    assert ("Most tenant ids have 5 digits" in page) is (kept == "AB-7")
    if kept:
        assert f'value="{kept}"' in page
        assert kept in desk.page("/settings/audit")


@pytest.mark.parametrize("typed", ["<b>1</b>", "1" * 41, "12_345"])
def test_what_cannot_be_a_tenant_id_is_refused_beside_its_field(shop: Shop, desk: Desk, typed: str) -> None:
    page = desk.post("/settings/compatible", 422, platform_tenant_id=typed)
    assert "Write letters and digits only, such as 12345." in page
    assert shop.get("settings")["platform_tenant_id"] == ""


def test_the_api_has_the_tenant_id_and_never_the_licence(shop: Shop, desk: Desk) -> None:
    assert shop.put("settings", {"platform_tenant_id": "54321"})["platform_tenant_id"] == "54321"
    assert 'value="54321"' in desk.page("/settings/compatible")
    assert "platform_tenant_id" in shop.put("settings", {"platform_tenant_id": "a b"}, 422)["error"]["fields"]
    desk.post("/settings/compatible/licence", licence=LICENCE)
    assert LICENCE not in str(shop.get("settings"))


def test_the_licence_adds_the_gateway_it_belongs_to(shop: Shop, desk: Desk) -> None:
    page = desk.post("/settings/compatible/licence", licence=LICENCE)
    assert "Awaiting number" in page
    gateway = desk.id_of("/settings/compatible", "gateways")
    for shown in (page, desk.page("/gateways"), desk.page(f"/gateways/{gateway}"), desk.page("/settings/audit")):
        assert LICENCE not in shown
        assert "CDYNE" in shown
    assert "Gateway added" in desk.page("/settings/audit")


def test_a_new_licence_replaces_the_old_one_and_leaves_the_rest(shop: Shop, desk: Desk) -> None:
    service = Cdyne(LICENCE)
    with ScriptedServer(service) as server:
        Line.add(shop, "cdyne", "Ours", license_key="old", api_base=server.url, from_number="15550001111", rate=0)
        page = desk.post("/settings/compatible/licence", licence=LICENCE)
        assert "Licence saved in the gateway Ours. CDYNE accepts the license key." in page
        shop.product("TEE-M")
        shop.ask("TEE-M")
        shop.work()
    assert [text["from"] for text in service.texts] == ["15550001111"]
    assert desk.page("/gateways").count("CDYNE · Text message") == 1


def test_an_empty_licence_changes_nothing(shop: Shop, desk: Desk) -> None:
    assert "Write the licence key." in desk.post("/settings/compatible/licence", 422, licence="")
    assert "There is no CDYNE gateway yet." in desk.page("/settings/compatible")
    desk.post("/settings/compatible/licence", licence=LICENCE)
    assert "The licence is kept as it is." in desk.post("/settings/compatible/licence", licence="")


def test_two_stores_have_each_their_own(shop: Shop, other_shop: Shop, desk: Desk) -> None:
    desk.post("/settings/compatible", platform_tenant_id="12345")
    desk.post("/settings/compatible/licence", licence=LICENCE)
    other = Desk.of(other_shop, "admin")
    assert "12345" not in other.page("/settings/compatible").replace("such as 12345", "")
    assert "There is no CDYNE gateway yet." in other.page("/settings/compatible")
