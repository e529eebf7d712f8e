"""The main job, from a sold-out product to the text that is delivered once."""

from tests.shop import Shop


def test_a_waiting_shopper_is_told_once_when_the_product_is_back(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M", "+12015550123")
    shop.work()
    assert [message["status"] for message in shop.messages("confirmation")] == ["delivered"]

    shop.stock("TEE-M", 5)
    shop.work()

    [message] = shop.messages()
    assert message["status"] == "delivered"
    assert message["to"] == "+12015550123"
    assert message["body"] == "Acme: Tee is back in stock. https://acme.example/tee-m Reply STOP to end."
    assert [request["status"] for request in shop.requests()] == ["alerted"]

    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 9)
    shop.work()
    assert len(shop.messages()) == 1


def test_whoever_asks_again_after_being_told_is_told_again(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    for _ in range(2):
        shop.ask("TEE-M", "+12015550123")
        shop.stock("TEE-M", 5)
        shop.work()
        shop.stock("TEE-M", 0)
        shop.work()
    assert len(shop.messages()) == 2
