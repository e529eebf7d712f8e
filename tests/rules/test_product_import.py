"""A product file is read as it really is: whole, the same each time, and no row lost without a word."""

import ast
import csv
import io
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexnotify.catalog import imports
from nexnotify.catalog.imports import ABSENT, ParsedProduct, RefusedRow, UnreadableFile, read_products
from nexnotify.catalog.imports.ids import option_key, variant_id

DATA = Path(__file__).parents[1] / "data" / "shopify"
EXPORTS = ("apparel.csv", "home-and-garden.csv", "jewelery.csv")
SHOP = "https://shop.example"


def parse(text, **how):
    found = list(read_products(io.StringIO(text, newline=""), currency="USD", **how))
    products = [one for one in found if isinstance(one, ParsedProduct)]
    refused = [one for one in found if isinstance(one, RefusedRow)]
    return products, refused


def export(name):
    return (DATA / name).read_bytes().decode("utf-8")


def shopify(*rows, columns=None):
    """A Shopify file from dicts; the columns those of a real export."""
    columns = columns or next(csv.reader([export("apparel.csv").split("\r\n")[0]]))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def variant(handle="tee", *, title="Tee", size="M", price="20", **more):
    return {
        "Handle": handle,
        "Title": title,
        "Published": "true" if title else "",
        "Option1 Name": "Size" if title else "",
        "Option1 Value": size,
        "Variant Price": price,
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": "3",
        "Variant Inventory Policy": "deny",
        **more,
    }


def variants(products):
    return [one for product in products for one in product.variants]


def only_refusal(text):
    products, refused = parse(text)
    assert len(refused) == 1
    return products, refused[0]


def ids(products):
    return {(product.id, one.id, option_key(one.options)) for product in products for one in product.variants}


# --- the three real exports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPORTS)
def test_every_priced_row_of_a_real_export_becomes_one_variant(name):
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    products, refused = parse(export(name))
    assert refused == []
    priced = [(row["Handle"], Decimal(row["Variant Price"])) for row in rows if row["Variant Price"]]
    assert Counter(priced) == Counter((p.id, v.price) for p in products for v in p.variants)
    assert [p.id for p in products] == list(dict.fromkeys(row["Handle"] for row in rows))
    assert {p.id: p.title for p in products} == {row["Handle"]: row["Title"] for row in rows if row["Title"]}
    assert all(p.published for p in products)


def test_the_three_exports_hold_sixty_six_variants_of_sixty_products_without_a_sku():
    products = [product for name in EXPORTS for product in parse(export(name))[0]]
    assert (len(products), len(variants(products))) == (60, 66)
    assert all(one.sku is None for one in variants(products))


def test_the_three_exports_imported_twice_have_the_same_sixty_six_ids():
    first, second = ([p for name in EXPORTS for p in parse(export(name))[0]] for _ in range(2))
    assert first == second
    assert len({one.id for one in variants(first + second)}) == 66


def test_every_row_of_an_export_is_accounted_for():
    products, _ = parse(export("jewelery.csv"))
    assert sum(len(product.rows) for product in products) == 41


def test_line_numbers_are_those_an_editor_shows_although_bodies_have_line_breaks():
    text = export("jewelery.csv")
    products, _ = parse(text)
    lines = text.replace("\r\n", "\n").split("\n")
    for product in products:
        assert all(lines[line - 1].startswith(product.id + ",") for line in product.rows)


@pytest.mark.parametrize("name", EXPORTS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_the_order_of_rows_changes_no_id(name, data):
    header, *rows = list(csv.reader(io.StringIO(export(name), newline="")))
    shuffled = data.draw(st.permutations(rows))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, *shuffled])
    products, refused = parse(out.getvalue())
    assert refused == []
    assert ids(products) == ids(parse(export(name))[0])
    assert {p.id: p.image_url for p in products} == {p.id: p.image_url for p in parse(export(name))[0]}


def test_ids_are_readable_and_a_product_without_options_is_its_own_variant():
    products = {p.id: p for name in EXPORTS for p in parse(export(name))[0]}
    assert [v.id for v in products["classic-varsity-top"].variants] == [
        "classic-varsity-top--small",
        "classic-varsity-top--medium",
        "classic-varsity-top--large",
    ]
    (alone,) = products["ocean-blue-shirt"].variants
    assert (alone.id, alone.options) == ("ocean-blue-shirt", {})


def test_option_names_on_the_first_row_hold_for_the_later_ones():
    products = {p.id: p for p in parse(export("jewelery.csv"))[0]}
    assert [v.options for v in products["gemstone"].variants] == [{"Colour": "Blue"}, {"Colour": "Purple"}]


def test_a_variant_shopify_does_not_count_is_unlimited_and_one_it_counts_has_its_number():
    products = {p.id: p for name in EXPORTS for p in parse(export(name))[0]}
    (armchair,) = products["pink-armchair"].variants
    assert (armchair.tracked, armchair.on_hand) == (False, None)
    (pots,) = products["biodegradable-cardboard-pots"].variants
    assert (pots.tracked, pots.on_hand) == (True, 8)
    assert sum(one.tracked is True for one in variants(products.values())) == 1


def test_products_have_an_address_when_the_shop_is_known():
    products, _ = parse(export("apparel.csv"), shop_url="https://shop.example/")
    assert products[0].url == "https://shop.example/products/ocean-blue-shirt"
    assert parse(export("apparel.csv"))[0][0].url is None


def test_a_byte_order_mark_and_either_line_end_make_no_difference():
    text = export("apparel.csv")
    expected = parse(text)
    for other in ("\ufeff" + text, text.replace("\r\n", "\n"), "\r\n\r\n" + text.replace("\r\n", "\r")):
        assert ids(parse(other)[0]) == ids(expected[0])
    with (DATA / "apparel.csv").open(encoding="utf-8") as translated:
        assert list(read_products(translated, currency="USD")) == expected[0]


# --- Shopify: what rows may hold -------------------------------------------------------------------------------------


def test_rows_of_one_handle_need_not_stand_together():
    text = shopify(variant(size="S"), variant("hat", title="Hat"), {}, variant(title="", size="M"))
    products, refused = parse(text)
    assert refused == []
    assert [(p.id, len(p.variants), p.rows) for p in products] == [("tee", 2, (2, 5)), ("hat", 1, (3,))]


@pytest.mark.parametrize(
    "price,hint",
    [
        ("$20", "without a currency sign"),
        ("20 USD", "without a currency sign"),
        ("1,299.00", "without separators between thousands"),
        ("1.299,00", "without separators between thousands"),
        ("1.299", "nothing between thousands"),
        ("1.290", "nothing between thousands"),
        ("19,99", "a point before the cents"),
        ("-5", "cannot be negative"),
        ("free", "plain number"),
        ("NaN", "plain number"),
        ("1e3", "plain number"),
        ("٢٠", "plain number"),
        ("19.990000000002", "two decimals at most"),
    ],
)
def test_a_price_that_is_not_plain_refuses_its_row_alone_and_says_how_to_write_it(price, hint):
    products, refused = only_refusal(shopify(variant(size="S", price=price), variant(title="", size="M")))
    assert (refused.line, refused.column, refused.value) == (2, "Variant Price", price)
    assert hint in refused.reason
    (product,) = products
    assert (product.title, [v.options for v in product.variants]) == ("Tee", [{"Size": "M"}])


@pytest.mark.parametrize("price,read", [("20", "20"), ("19.9", "19.9"), ("0", "0"), ("34.0000", "34.00")])
def test_plain_prices_are_read_exactly(price, read):
    products, _ = parse(shopify(variant(price=price)))
    assert str(products[0].variants[0].price) == read


def test_a_variant_may_be_without_a_price():
    products, refused = parse(shopify(variant(price="")))
    assert (products[0].variants[0].price, refused) == (None, [])


@pytest.mark.parametrize("quantity", ["1.5", "5.0", "many", "1,000", "99999999999"])
def test_a_quantity_that_is_not_a_whole_number_refuses_the_row(quantity):
    products, refused = only_refusal(
        shopify(variant(size="S"), variant(size="M", **{"Variant Inventory Qty": quantity}))
    )
    assert (refused.line, refused.column, refused.value) == (3, "Variant Inventory Qty", quantity)
    assert len(variants(products)) == 1


def test_a_quantity_below_zero_is_oversold_stock():
    assert parse(shopify(variant(**{"Variant Inventory Qty": "-2"})))[0][0].variants[0].on_hand == -2


def test_a_file_without_quantities_says_nothing_about_stock():
    products, _ = parse("Handle,Title,Variant Price\ntee,Tee,20\n")
    (one,) = products[0].variants
    assert (one.id, one.on_hand, one.tracked) == ("tee", ABSENT, None)
    products, _ = parse("Handle,Title,Variant Price,Variant Inventory Tracker\ntee,Tee,20,shopify\n")
    assert (products[0].variants[0].on_hand, products[0].variants[0].tracked) == (ABSENT, True)


def test_a_variant_sold_on_when_out_is_backordered():
    products, _ = parse(shopify(variant(**{"Variant Inventory Policy": "continue"}), variant(title="", size="S")))
    assert [v.unavailable_as for v in products[0].variants] == ["backordered", "sold_out"]


@pytest.mark.parametrize(
    "published,status,answer",
    [
        ("true", "", True),
        ("TRUE", "active", True),
        ("", "", True),
        ("false", "", False),
        ("FALSE", "active", False),
        ("true", "draft", False),
        ("true", "archived", False),
        ("true", "unlisted", True),
    ],
)
def test_a_product_is_published_when_neither_column_hides_it(published, status, answer):
    columns = ["Handle", "Title", "Published", "Variant Price", "Status"]
    row = {"Handle": "tee", "Title": "Tee", "Variant Price": "20", "Published": published, "Status": status}
    assert parse(shopify(row, columns=columns))[0][0].published is answer


def test_a_product_whose_published_cell_cannot_be_read_is_refused_rather_than_guessed():
    products, refused = parse(shopify(variant(size="S", Published="maybe"), variant(title="", size="M")))
    assert products == []
    assert [(r.line, r.column) for r in refused] == [(2, "Published"), (3, "Published")]


def test_a_row_without_a_handle_is_refused():
    _, refused = only_refusal(shopify(variant(), variant("", size="S")))
    assert (refused.line, refused.column) == (3, "Handle")


def test_the_second_of_two_rows_with_the_same_options_is_refused():
    _, refused = only_refusal(shopify(variant(size="Blue"), variant(title="", size=" blue ")))
    assert refused.line == 3
    assert "Line 2 already has this product with the same options" in refused.reason


def test_a_handle_used_by_two_different_products_does_not_merge_them():
    products, refused = only_refusal(shopify(variant(), variant(title="Other", size="S")))
    assert (refused.line, refused.column, refused.value) == (3, "Title", "Other")
    assert len(variants(products)) == 1


def test_a_sku_used_twice_is_refused_the_second_time():
    _, refused = only_refusal(
        shopify(variant(**{"Variant SKU": "T-1"}), variant("hat", title="Hat", **{"Variant SKU": "T-1"}))
    )
    assert (refused.line, refused.value) == (3, "T-1")


def test_a_refused_row_does_not_take_its_sku_with_it():
    text = shopify(variant(price="$1", **{"Variant SKU": "T-1"}), variant(title="", size="S", **{"Variant SKU": "T-1"}))
    products, refused = only_refusal(text)
    assert (refused.line, variants(products)[0].sku) == (2, "T-1")


def test_an_option_without_a_value_is_refused():
    _, refused = only_refusal(shopify(variant(), variant(title="", size="")))
    assert (refused.line, refused.column) == (3, "Option1 Value")


def test_a_product_whose_every_row_is_bad_is_refused_with_its_pictures():
    picture = {"Handle": "tee", "Image Src": "https://cdn.example/a.jpg"}
    products, refused = parse(shopify(variant(price="$1"), variant(title="", size="S", price="$2"), picture))
    assert products == []
    assert [r.line for r in refused] == [2, 3, 4]
    assert "at least one row with a variant" in refused[2].reason


def test_a_row_with_nothing_to_import_is_refused():
    _, refused = only_refusal(shopify(variant(), {"Handle": "tee", "Vendor": "Somebody"}))
    assert refused.line == 3


def test_titles_are_tidied_but_their_entities_stay_text():
    products, _ = parse(shopify(variant(title="  Salt &amp;\n Pepper\t<b>Mill</b> ")))
    assert products[0].title == "Salt &amp; Pepper <b>Mill</b>"


def test_a_title_too_long_refuses_the_product_and_the_report_stays_short():
    products, refused = parse(shopify(variant(title="x" * 256, size="S"), variant(title="", size="M")))
    assert products == []
    assert [r.line for r in refused] == [2, 3]
    assert all("255 characters" in r.reason and len(r.value) == 80 for r in refused)
    assert parse(shopify(variant(title="x" * 255)))[1] == []


def test_a_product_without_a_title_is_refused():
    _, refused = only_refusal(shopify(variant(title="")))
    assert (refused.column, refused.line) == ("Title", 2)


def test_only_web_addresses_are_taken_for_pictures():
    products, refused = only_refusal(
        shopify(variant(**{"Image Src": "javascript:alert(1)"}), variant(title="", size="S"))
    )
    assert (refused.line, refused.column, products[0].image_url) == (2, "Image Src", None)
    products, _ = parse(shopify(variant(**{"Image Src": "//cdn.example/a.jpg"})))
    assert products[0].image_url == "https://cdn.example/a.jpg"


def test_the_storefronts_variant_id_is_kept_where_the_file_has_one():
    columns = ["Handle", "Title", "Variant ID", "Variant Price"]
    row = {"Handle": "tee", "Title": "Tee", "Variant ID": "'40123456789012", "Variant Price": "20"}
    products, _ = parse(shopify(row, columns=columns), shop_url=SHOP)
    (one,) = products[0].variants
    assert (one.id, one.url) == ("40123456789012", "https://shop.example/products/tee?variant=40123456789012")


def test_an_id_rounded_by_a_spreadsheet_is_refused():
    columns = ["Handle", "Title", "Variant ID", "Variant Price"]
    row = {"Handle": "tee", "Title": "Tee", "Variant ID": "4.01235E+13", "Variant Price": "20"}
    _, refused = only_refusal(shopify(row, columns=columns))
    assert (refused.column, "rounded" in refused.reason) == ("Variant ID", True)


def test_the_newer_template_of_shopify_is_read_too():
    text = (
        "Title,URL handle,Published on online store,Status,SKU,Option1 name,Option1 value,Price,Inventory tracker,"
        "Inventory quantity,Continue selling when out of stock,Product image URL\n"
        "Tee,tee,TRUE,Active,T-1,Size,M,20.00,shopify,4,CONTINUE,https://cdn.example/a.jpg\n"
    )
    products, refused = parse(text)
    (one,) = products[0].variants
    assert refused == []
    assert (one.sku, one.on_hand, one.unavailable_as, one.options) == ("T-1", 4, "backordered", {"Size": "M"})


def test_a_comma_left_unquoted_refuses_its_row_and_not_the_next():
    text = "Handle,Title,Variant Price\ntee,Tee,1,299.00\nhat,Hat,5\n"
    products, refused = only_refusal(text)
    assert (refused.line, [p.id for p in products]) == (2, ["hat"])
    assert "quotation marks" in refused.reason


def test_a_very_long_body_is_no_obstacle():
    assert parse(shopify(variant(**{"Body (HTML)": "<img>" * 200_000})))[1] == []


# --- files that cannot be read ---------------------------------------------------------------------------------------


def stream(data):
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")


@pytest.mark.parametrize(
    "data,words",
    [
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00\xe9\xff" + b"x" * 20_000, "This is an Excel workbook; save it as CSV"),
        (b"PK\x03\x04plain", "This is an Excel workbook; save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This is an Excel workbook; save it as CSV"),
        ("Handle,Title,Variant Price\ncafe,Caf\xe9,5\n".encode("latin-1"), "not UTF-8: line 2 has the byte 0xe9"),
        ("Handle,Title,Variant Price\n".encode("utf-16"), "UTF-16"),
        ("Handle,Title,Variant Price\n".encode("utf-16-le"), "not a text file"),
        (b"", "file is empty"),
        (b"\r\n,,,\r\n", "file is empty"),
        (b"Handle;Title;Variant Price\ntee;Tee;5\n", "separated by semicolons"),
        (b"Handle,Title,Title,Variant Price\n", "twice"),
        (b'Handle,Title,Variant Price\ntee,"Tee,5\nhat,Hat,6\n', "row on line 2 is never closed"),
        (b'Handle,Title,Variant Price\ntee,"12" Tee",5\n', "row on line 2 has a quotation mark in the wrong place"),
        (b"Handle,Title,Option1 Name\n", "nearest to a Shopify product export"),
        (b"product_id,titel,price\n", "nearest to nexnotify's own product form"),
        (b"product_id,title,prise\n", "rename it to “price”"),
        (b"name,colour\n", "needs Handle, Title, Variant Price"),
        (b"sku,on_hand\n", "import stock"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_before_anything_is_imported(data, words):
    with pytest.raises(UnreadableFile) as caught:
        read_products(stream(data), currency="USD")
    assert words in str(caught.value)


def test_a_file_that_lacks_a_column_is_told_which():
    with pytest.raises(UnreadableFile, match=r"this file lacks Variant Price\."):
        read_products(io.StringIO("Handle,Title,Option1 Name\n"), currency="USD")


# --- our own form ----------------------------------------------------------------------------------------------------

OWN = """product_id,title,url,published,variant_id,sku,option:Size,option:Color,price,currency,unavailable_as,on_hand,location,image_url
tee,Tee,https://shop.example/tee,true,tee-m,TEE-M,M,Rose Gold,20.00,EUR,backordered,5,main,https://cdn.example/m.jpg
tee,,,,,TEE-L,L,Rose Gold,21.00,,,unlimited,,
hat,Hat,,false,,,,,,,,,,
"""


def test_our_own_form_says_everything_a_product_has():
    products, refused = parse(OWN)
    assert refused == []
    tee, hat = products
    assert (tee.title, tee.url, tee.published, tee.image_url, tee.rows) == (
        "Tee",
        "https://shop.example/tee",
        True,
        "https://cdn.example/m.jpg",
        (2, 3),
    )
    m, large = tee.variants
    assert (m.id, m.sku, m.options, m.price) == (
        "tee-m",
        "TEE-M",
        {"Size": "M", "Color": "Rose Gold"},
        Decimal("20.00"),
    )
    assert (m.currency, m.unavailable_as, m.on_hand, m.location) == ("EUR", "backordered", 5, "main")
    assert (large.id, large.currency, large.unavailable_as) == ("tee--rose_gold--l", "USD", "sold_out")
    assert (large.on_hand, large.location, large.tracked) == (None, None, None)
    (hat_alone,) = hat.variants
    assert (hat.published, hat_alone.id, hat_alone.on_hand, hat_alone.price) == (False, "hat", ABSENT, None)


def test_the_example_in_the_documentation_is_read_whole():
    page = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
    example = next(part.split("```")[0] for part in page.split("```csv\n")[1:] if part.startswith("product_id"))
    products, refused = parse(example)
    assert (len(products), len(variants(products)), refused) == (2, 3, [])


@pytest.mark.parametrize(
    "column,value",
    [
        ("currency", "dollars"),
        ("unavailable_as", "gone"),
        ("on_hand", "lots"),
        ("on_hand", "1.0"),
        ("price", "$5"),
        ("image_url", "a.jpg"),
        ("published", "yes"),
        ("product_id", ""),
    ],
)
def test_a_bad_cell_in_our_own_form_refuses_that_row_alone(column, value):
    rows = list(csv.DictReader(io.StringIO(OWN)))
    rows[1][column] = value
    products, refused = only_refusal(shopify(*rows, columns=list(rows[0])))
    assert (refused.line, refused.column, refused.value) == (3, column, value or None)
    assert len(variants(products)) == 2


def test_a_second_place_for_a_variant_belongs_in_a_stock_file():
    _, refused = only_refusal("product_id,title,variant_id,on_hand,location\ntee,Tee,t,1,a\ntee,,t,2,b\n")
    assert refused.line == 3


def test_an_option_column_needs_a_name_and_only_one_column():
    for header in ("product_id,title,option:", "product_id,title,option:Size,option: size"):
        with pytest.raises(UnreadableFile, match="option"):
            read_products(io.StringIO(header + "\n"), currency="USD")


# --- every row, every id ---------------------------------------------------------------------------------------------

_cell = st.sampled_from(["", "a", "Tee", "M", "m ", "$2", "2", "-1", "true", "1,0", "https://x.example/i", "é/ü", "'7"])
_columns = [
    "Handle",
    "Title",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Variant SKU",
    "Variant Price",
    "Image Src",
]


@given(st.lists(st.lists(_cell, min_size=8, max_size=8), max_size=12))
@settings(deadline=None)
def test_each_row_is_imported_or_refused_exactly_once_whatever_it_holds(rows):
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_columns, *rows])
    products, refused = parse(out.getvalue())
    told = [line for product in products for line in product.rows] + [row.line for row in refused]
    assert sorted(told) == [number for number, row in enumerate(rows, 2) if any(row)]
    made = [one.id for one in variants(products)]
    assert len(made) == len(set(made))
    assert all(row.reason.endswith(".") for row in refused)


_value = st.text(min_size=1, max_size=12).filter(str.strip)


@given(st.lists(st.tuples(_value, _value), min_size=2, max_size=6))
def test_variants_with_different_options_never_share_an_id(pairs):
    options = [{"Size": size.strip(), "Color": color.strip()} for size, color in pairs]
    assert len({variant_id("tee", one) for one in options}) == len({option_key(one) for one in options})


@pytest.mark.parametrize(
    "options,id",
    [
        ({}, "tee"),
        ({"Size": "M", "Color": "Blue"}, "tee--blue--m"),
        ({"Color": "BLUE ", "Size": "m"}, "tee--blue--m"),
        ({"Size": "X-Large"}, "tee--x-large"),
        ({"Size": "7.5"}, "tee--7.5"),
        ({"Color": "Rose  Gold"}, "tee--rose_gold"),
    ],
)
def test_plain_options_make_plain_ids(options, id):
    assert variant_id("tee", options) == id


def test_options_that_plain_letters_cannot_tell_apart_still_differ():
    values = ["Größe 42", "Grosse 42", "Gro e 42", "红", "蓝", "1/2", "1-2", "1 2", "1_2", "S", "S+", "😀", "-", "--"]
    made = [variant_id("tee", {"Size": value}) for value in values]
    assert len(set(made)) == len(values)
    assert all(one.isascii() and len(one) <= 255 for one in made)
    assert len(variant_id("t" * 250, {"Size": "x" * 250})) == 255


def test_an_id_once_made_never_changes_between_versions():
    assert variant_id("tee", {"Size": "1/2", "Color": "Café"}) == "tee--cafe--1-2~f10303f4"


def test_readers_of_files_know_neither_the_web_nor_the_database():
    for path in Path(imports.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith(("flask", "sqlalchemy"))
                assert not name.startswith("nexnotify") or name.startswith(
                    ("nexnotify.catalog.imports", "nexnotify.clock", "nexnotify.errors")
                )


@pytest.mark.parametrize(
    "written, tags",
    [
        ("summer, Sale ,new  in", ("summer", "Sale", "new in")),
        ("sale, sale", ("sale",)),
        ("", ()),
        (None, ABSENT),
    ],
)
@pytest.mark.parametrize("is_export", [True, False])
def test_tags_stand_between_commas_and_a_file_without_them_leaves_them_alone(written, tags, is_export):
    if is_export:
        columns = [name for name in variant() if name != "Tags"] + ([] if written is None else ["Tags"])
        text = shopify(
            variant(**({} if written is None else {"Tags": written})), variant(title="", size="L"), columns=columns
        )
    else:
        head, cell = ("", "") if written is None else (",tags", f',"{written}"')
        text = f"product_id,title,sku{head}\ntee,Tee,TEE-M{cell}\n"
    [product], refused = parse(text)
    assert refused == []
    assert product.tags == tags


def test_a_tag_that_is_too_long_is_refused_with_its_line():
    products, refused = parse(shopify(variant(Tags="x" * 256)))
    assert products == []
    assert [(row.line, row.column) for row in refused] == [(2, "Tags")]
    assert "at most 100 tags" in refused[0].reason
