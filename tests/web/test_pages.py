"""The pages as a browser without scripts gets them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from live import GTIN, SSCC, Json, Live, document, epc, event, items, packing
from shopping import SHOP, add_shop, line, sscc
from suyuan.core.errors import InvalidIdentifier
from suyuan.web import pages

HTML = {"accept": "text/html,application/xhtml+xml", "accept-language": "zh-CN,zh;q=0.9"}
ITEM = f"/01/{GTIN}/21/A1"
STATIC = Path(pages.__file__).parent / "static"


@pytest.fixture
def world(live: Live) -> Live:
    live.list_and_register("L1", "A1", "A2")
    live.merchant.capture(document(event(epc("A1")), packing(f"https://id.gs1.org/00/{SSCC}", epc("A1"))))
    live.node.seal_now()
    return live


def _get(live: Live, path: str, **more: Any) -> Response:
    headers = HTML | more.pop("headers", {})
    return live.http.get(path, headers=headers, follow_redirects=False, **more)  # type: ignore[no-any-return]


SUBJECTS = ["/", "/about", f"/01/{GTIN}", f"/01/{GTIN}/10/L1", ITEM, f"/00/{SSCC}", f"/01/{GTIN}/21/NONE", "/nothing"]


@pytest.mark.parametrize("path", SUBJECTS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_is_whole_strict_and_in_its_language(world: Live, path: str, lang: str) -> None:
    response = _get(world, path, params={"lang": lang})
    assert response.status_code == (404 if "NO" in path or "nothing" in path else 200)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-language"].startswith(lang)
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert (policy["base-uri"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    text = response.text
    assert re.search(r'<html lang="(zh-Hans-CN|en)">', text)
    assert text.count("hreflang=") == 4
    assert '<link rel="canonical"' in text
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=\"/static/scan\.js\")", text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!testserver|127\.0\.0\.1)', text)
    assert text.count("<h1") == 1


# -- language


@pytest.mark.parametrize(
    ("headers", "query", "lang"),
    [
        ({"accept-language": ""}, "", "zh-Hans-CN"),
        ({"accept-language": "fr-FR,fr"}, "", "zh-Hans-CN"),
        ({"accept-language": "en-GB,en;q=0.9,zh;q=0.1"}, "", "en"),
        ({"accept-language": "en;q=0,zh"}, "", "zh-Hans-CN"),
        ({"accept-language": "en"}, "?lang=zh", "zh-Hans-CN"),
        ({"accept-language": "zh"}, "?lang=en", "en"),
        ({"accept-language": "en"}, "?lang=xx", "en"),
        ({"accept-language": "zh", "cookie": "lang=en"}, "", "en"),
    ],
)
def test_the_language_is_asked_for_remembered_or_the_browser_s(
    world: Live, headers: dict[str, str], query: str, lang: str
) -> None:
    response = _get(world, "/" + query, headers=headers)
    assert response.headers["content-language"] == lang
    assert ("lang=" in response.headers.get("set-cookie", "")) == (query in ("?lang=zh", "?lang=en"))


def test_the_other_language_keeps_the_place(world: Live) -> None:
    assert f'href="{ITEM}?17=261130&amp;lang=en"' in _get(world, f"{ITEM}?17=261130").text


# -- addresses


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (f"/01/{GTIN[1:]}", f"/01/{GTIN}"),
        (f"/01/{GTIN[1:]}/21/A1", ITEM),
        (f"/01/{GTIN}/", f"/01/{GTIN}"),
        (f"{ITEM}/", ITEM),
        (f"/01/{GTIN}/21/A%31", ITEM),
        (f"/01/{GTIN}/ser/A1", ITEM),
        (f"/01/{GTIN}/22/V/10/L1", f"/01/{GTIN}/10/L1"),
    ],
)
def test_other_spellings_lead_to_the_canonical_one(world: Live, path: str, to: str) -> None:
    response = _get(world, f"{path}?lang=en")
    assert (response.status_code, response.headers["location"]) == (308, f"{to}?lang=en")


def test_an_item_under_its_lot_is_the_item(world: Live) -> None:
    response = _get(world, f"/01/{GTIN}/10/L1/21/A1")
    assert response.status_code == 200
    assert f'{ITEM}">' in response.text
    assert "批号不符" not in response.text
    assert "批号不符" in _get(world, f"/01/{GTIN}/10/L9/21/A1").text


@pytest.mark.parametrize(
    ("code", "to"),
    [
        (GTIN, f"/01/{GTIN}"),
        (f" {GTIN[1:]} ", f"/01/{GTIN}"),
        (SSCC, f"/00/{SSCC}"),
        (f"https://brand.example/x/01/{GTIN}/10/L1/21/A1?17=261130", ITEM),
        (ITEM, ITEM),
        (f"(01){GTIN}(10)L1", f"/01/{GTIN}/10/L1"),
        (f"(01){GTIN}(21)A1(17)261130", ITEM),
    ],
)
def test_a_typed_code_is_found(world: Live, code: str, to: str) -> None:
    assert pages.subject_typed(code) == to
    response = _get(world, "/find", params={"code": code})
    assert (response.status_code, response.headers["location"]) == (303, to)


@pytest.mark.parametrize("code", ["", "x", "12", "(01)", "javascript:alert(1)", "//evil.example", "0" * 5000, "(99)x"])
def test_what_is_no_code_is_refused(world: Live, code: str) -> None:
    with pytest.raises(InvalidIdentifier):
        pages.subject_typed(code)
    assert _get(world, "/find", params={"code": code}).status_code == 400


# -- errors


def test_a_wrong_check_digit_is_said_in_plain_words_to_people_and_as_a_problem_to_programs(world: Live) -> None:
    path = f"/01/{GTIN[:-1]}{(int(GTIN[-1]) + 1) % 10}"
    page = _get(world, path)
    assert page.status_code == 400
    assert "校验位不对" in page.text
    problem = world.http.get(path)
    assert problem.status_code == 400
    assert problem.headers["content-type"] == "application/problem+json"


def test_an_unknown_subject_says_that_nothing_is_recorded_and_that_this_can_be_proven(world: Live) -> None:
    page = _get(world, f"/01/{GTIN}/21/NONE")
    assert page.status_code == 404
    assert "没有任何记录" in page.text
    assert f'data-subject="/01/{GTIN}/21/NONE"' in page.text
    assert "大闸蟹" in page.text
    problem = world.http.get(f"/01/{GTIN}/21/NONE")
    assert (problem.status_code, problem.json()["title"]) == (404, "Not found")


def test_before_the_first_seal_people_are_asked_to_wait(live: Live) -> None:
    page = _get(live, f"/01/{GTIN}")
    assert page.status_code == 503
    assert page.headers["retry-after"] == "2"
    assert "暂时无法回答" in page.text


def test_a_program_gets_problems_wherever_a_browser_gets_pages(world: Live) -> None:
    assert world.http.get("/nothing").headers["content-type"] == "application/problem+json"
    assert _get(world, "/nothing").headers["content-type"].startswith("text/html")
    assert _get(world, "/v1/documents/xx").headers["content-type"].startswith("text/html")


# -- what is said


def test_before_the_browser_checks_the_page_claims_only_what_the_site_says(world: Live) -> None:
    text = _get(world, ITEM).text
    assert 'id="verdict" class="verdict" data-state="waiting"' in text
    assert "这只是本站的说法" in text
    assert len(re.findall(r'data-point="\d" data-state="waiting"', text)) == 9
    assert "<noscript>" in text
    assert "不能证明记录内容属实" in text
    assert f'href="/v1/proof?subject={ITEM.replace("/", "%2F")}" download=' in text
    assert "12315" in text


def test_every_quotation_stands_in_the_document_that_it_names(world: Live) -> None:
    world.merchant.publish_profile({"name": {"zh": "商家 & <子>", "en": ""}})
    world.node.seal_now()
    for lang in ("zh", "en"):
        text = _get(world, ITEM, params={"lang": lang}).text
        quotes = re.findall(r'<span data-doc="([0-9a-f]{64})" data-at="([^"]+)"[^>]*>([^<]*)</span>', text)
        assert len(quotes) >= 2
        for name, pointer, said in quotes:
            value: Any = world.http.get(f"/v1/documents/{name}").json()
            for part in pointer.split("/")[1:]:
                value = value[int(part) if isinstance(value, list) else part]
            assert value == unescape(said)


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


def test_hostile_words_are_only_words(live: Live) -> None:
    evil: Json = {"zh": HOSTILE, "en": HOSTILE}
    names = ("name", "brand", "origin", "storage", "description", "net")
    live.merchant.publish_profile({"name": evil, "trade": evil, "locations": [{"gln": "9521141000014", "name": evil}]})
    live.merchant.list_product(GTIN, dict.fromkeys(names, evil))
    live.merchant.register_batch(GTIN, "L1", {"note": evil, "origin": evil}, items("A1"))
    note = {"suyuan:note": {"suyuan:zh": HOSTILE, "suyuan:en": HOSTILE}}
    context = [*event()["@context"], {"suyuan": "https://ns.suyuan.example/epcis/"}]
    live.merchant.capture(document(event(epc("A1"), **note)) | {"@context": context})
    live.merchant.recall_batch(GTIN, "L1", {"reason": evil, "advice": evil})
    live.node.seal_now()
    for path in (f"/01/{GTIN}", f"/01/{GTIN}/10/L1", ITEM):
        text = _get(live, path).text
        assert "<script>" not in text
        assert "<img" not in text
        assert "49" not in re.findall(r"alert\(1\)&gt;(\S{0,2})", text)
        assert unescape(text).count(HOSTILE) >= 2


def test_no_page_lists_serials(world: Live) -> None:
    world.merchant.capture(document(event(*[epc(f"SECRET{n}") for n in range(30)], epc("A1"))))
    world.node.seal_now()
    for path in (f"/01/{GTIN}", f"/01/{GTIN}/10/L1", ITEM, f"/00/{SSCC}"):
        assert "SECRET" not in _get(world, path).text


def test_a_page_with_all_that_it_loads_is_under_100_kb(world: Live) -> None:
    page = _get(world, ITEM)
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    modules = ("verifier", "phrases", "checking", "summary", "reviews", "reviews_check", "review_phrases")
    files = [*named, *(f"/static/{name}.js" for name in modules)]
    sizes = [int(page.headers["content-length"])]
    for file in files:
        response = world.http.get(file)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["x-content-type-options"] == "nosniff"
        sizes.append(int(response.headers.get("content-length", len(response.content))))
    assert sum(sizes) < 60_000


def test_static_files_bring_nothing_from_elsewhere() -> None:
    for file in STATIC.iterdir():
        found = re.findall(r"https?://[^\s'\"`)]+", file.read_text())
        assert [url for url in found if not url.startswith(("http://www.w3.org/2000/svg", "https://x/"))] == [], file


# -- a parcel of an order whose packing nobody recorded


@pytest.mark.parametrize(
    ("lang", "says"),
    [("zh", ("装箱未上账本", "商店和本站的说法，没有证明")), ("en", ("not on the ledger", "word, and not proven"))],
)
def test_an_order_s_parcel_is_announced_and_not_called_forged(world: Live, lang: str, says: tuple[str, ...]) -> None:
    shop = add_shop(world)
    shop.place("XY-SECRET-1", "u-1", [line("A1"), line(quantity=1)])
    shop.ship("XY-SECRET-1", sscc(11))
    world.node.seal_now()
    path = f"/00/{sscc(11)}"
    response = _get(world, f"{path}?lang={lang}")
    assert response.status_code == 200
    text = response.text
    for part in (*says, f'href="/01/{GTIN}/10/L1"', f'href="/01/{GTIN}"', f'href="{ITEM}"'):
        assert part in text
    for part in ("forged", "伪造", "XY-SECRET", "/order/", "u-1", SHOP):
        assert part not in text
    assert world.http.get(path).status_code == 200
    assert world.http.get("/v1/proof", params={"subject": path}).status_code == 404


def test_a_parcel_that_no_shop_announced_may_be_forged(world: Live) -> None:
    response = _get(world, f"/00/{sscc(12)}?lang=en")
    assert response.status_code == 404
    assert "it may be forged" in response.text


def test_once_a_packing_is_recorded_the_record_speaks(world: Live) -> None:
    shop = add_shop(world)
    shop.place("XY-1", "u-1", [line("A1")])
    shop.ship("XY-1", sscc(13))
    world.merchant.capture_event(packing(f"https://id.gs1.org/00/{sscc(13)}", epc("A1")))
    world.node.seal_now()
    text = _get(world, f"/00/{sscc(13)}?lang=en").text
    assert 'id="announced"' not in text
    assert 'id="contents"' in text


@pytest.mark.parametrize("path", ["/", "/about", ITEM, f"/00/{SSCC}", f"/reviews/{GTIN}", "/verify", "/find?code=1"])
def test_head_is_answered_as_get(world: Live, path: str) -> None:
    head = world.http.head(path, headers=HTML, follow_redirects=False)
    got = _get(world, path)
    assert head.status_code == got.status_code
    for name in ("content-type", "content-security-policy", "location"):
        assert head.headers.get(name) == got.headers.get(name)


def test_reviews_of_a_product_that_nobody_listed_are_absent_like_the_product(world: Live) -> None:
    other = "09521141000113"
    page = _get(world, f"/reviews/{other}")
    assert page.status_code == 404
    assert "没有任何记录" in page.text
    assert f'data-subject="/01/{other}"' in page.text
    answer = world.http.get(f"/reviews/{other}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
