"""DeepL and LibreTranslate over real HTTP, against fakes as strict as their descriptions."""

import asyncio
import json
import logging
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from runtime import translation
from runtime.config import ConfigError, Settings
from runtime.translation import http
from runtime.translation.deepl import FREE, PRO, DeepL
from runtime.translation.libretranslate import LibreTranslate
from runtime.translation.port import Policy, TranslationError
from tests.emulators.translators import KEY, Trouble, translators

WORDS = ["Een bankje bij de halte", "Ik wil graag een bankje.\n\nMet “leuning”, 50% & <hout>. 🪑"]
SECRET = "mijn nummer is 0612345678"


@pytest.fixture(params=["deepl", "libretranslate"])
def adapter(request, services, waits):
    if request.param == "deepl":
        return DeepL(KEY, services.deepl, waits)
    return LibreTranslate(services.libre, sleep=waits)


def run(adapter, texts=WORDS, source="nl", target="tr"):
    async def scene():
        try:
            return await adapter.translate(texts, source, target)
        finally:
            await adapter.close()

    return asyncio.run(scene())


def fails(adapter, texts=(SECRET,), **more):
    with pytest.raises(TranslationError) as caught:
        run(adapter, list(texts), **more)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(("source", "target"), [("nl", "tr"), ("tr", "nl"), ("ar", "en")])
def test_texts_come_back_in_their_order(adapter, services, source, target):
    assert run(adapter, source=source, target=target) == [f"[{target}] {text}" for text in WORDS]
    (asked,) = services.asked
    assert (asked.texts, asked.source, asked.target) == (WORDS, source, target)
    assert services.refused == []


def test_long_texts_go_in_several_requests_each_small_enough(adapter, services):
    texts = [f"{n} " + "é" * 9000 for n in range(30)] + ["kort"] * 60
    assert run(adapter, texts) == [f"[tr] {text}" for text in texts]
    assert len(services.asked) > 4
    assert services.refused == []


def test_no_texts_no_request(adapter, services):
    assert run(adapter, []) == []
    assert services.requests == 0


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_a_busy_service_is_asked_again(adapter, services, waits, status):
    services.troubles = [Trouble(status), Trouble(status)]
    assert run(adapter) == [f"[tr] {text}" for text in WORDS]
    assert len(waits) == 2
    assert 0.5 <= waits[0] <= 1.0
    assert 2.0 <= waits[1] <= 4.0


def test_after_three_tries_it_is_for_later(adapter, services, waits):
    services.troubles = [Trouble(503)] * 3
    error = fails(adapter)
    assert (error.policy, error.code, error.after) == (Policy.RETRY, "503", None)
    assert services.requests == 3


def test_retry_after_is_obeyed(adapter, services, waits):
    services.troubles = [Trouble(429, {"Retry-After": "7"})]
    assert run(adapter)
    assert waits == [7.0]


def test_retry_after_as_a_date(adapter, services, waits):
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=15), usegmt=True)
    services.troubles = [Trouble(503, {"Retry-After": then})]
    assert run(adapter)
    assert 5 < waits[0] <= 15


@pytest.mark.parametrize("value", ["soon", "-3", "٣", "1e3"])
def test_a_retry_after_that_makes_no_sense_is_none(adapter, services, waits, value):
    services.troubles = [Trouble(429, {"Retry-After": value.encode().decode("latin-1")})]
    assert run(adapter)
    assert waits[0] <= 1.0


def test_a_long_retry_after_is_left_to_the_caller(adapter, services, waits):
    services.troubles = [Trouble(429, {"Retry-After": "3600"})]
    error = fails(adapter)
    assert (error.policy, error.after, waits) == (Policy.RETRY, 3600.0, [])


@pytest.mark.parametrize("status", [401, 403, 404, 456, 302])
def test_what_a_person_must_mend_is_not_tried_again(adapter, services, status):
    services.troubles = [Trouble(status, {"Location": services.deepl + "/elsewhere"})]
    error = fails(adapter)
    assert (error.policy, error.code) == (Policy.PAUSE, str(status))
    assert services.requests == 1


@pytest.mark.parametrize("status", [400, 413, 414, 422])
def test_what_the_service_refuses_is_given_up(adapter, services, status):
    services.troubles = [Trouble(status, body=json.dumps({"error": SECRET}))]
    error = fails(adapter)
    assert (error.policy, error.code) == (Policy.GIVE_UP, str(status))
    assert services.requests == 1


def test_a_language_that_the_service_does_not_know(adapter, services):
    assert fails(adapter, target="fy").policy is Policy.GIVE_UP


def test_a_connection_that_breaks_is_made_again(adapter, services):
    services.troubles = [Trouble(drop=True)]
    assert run(adapter)
    assert services.requests == 2


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "[]",
        "null",
        '{"translations": [], "translatedText": []}',
        '{"translations": [{"text": 3}], "translatedText": [3]}',
        '{"translations": [{"text": " "}], "translatedText": [""]}',
        '{"translations": {"text": "a"}, "translatedText": "a"}',
        '{"translations": [{"text": "a"}, {"text": "b"}], "translatedText": ["a", "b"]}',
    ],
)
def test_an_odd_answer_is_no_translation(adapter, services, body):
    services.troubles = [Trouble(body=body)] * 3
    error = fails(adapter)
    assert error.policy is Policy.RETRY
    assert error.code.startswith("odd answer")


def test_an_answer_without_end_is_not_read(adapter, services, monkeypatch):
    monkeypatch.setattr(http, "MOST_BYTES", 1000)
    services.troubles = [Trouble(body='"' + "x" * 5000 + '"')] * 3
    assert fails(adapter).code == "odd answer: ValueError"


def test_nobody_there(waits):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = fails(LibreTranslate(f"http://127.0.0.1:{port}", sleep=waits))
    assert (error.policy, error.code, len(waits)) == (Policy.RETRY, "ConnectError", 2)


def test_a_service_that_never_answers_is_left(services, adapter, monkeypatch):
    monkeypatch.setattr(http, "ALTOGETHER", 0.2)
    services.hold()
    error = fails(adapter)
    assert (error.policy, error.code) == (Policy.RETRY, "timeout")
    services.release()


def test_nothing_of_the_words_or_the_key_is_logged(adapter, services, caplog):
    caplog.set_level(logging.DEBUG)
    services.troubles = [Trouble(drop=True), Trouble(400, body=SECRET)]
    fails(adapter)
    assert SECRET not in caplog.text
    assert KEY not in caplog.text


# --- keys and addresses


def test_the_key_tells_which_deepl():
    def host(adapter):
        found = str(adapter._service._client.base_url).rstrip("/")
        asyncio.run(adapter.close())
        return found

    assert host(DeepL(KEY)) == FREE
    assert host(DeepL("a-key-that-was-paid-for")) == PRO


def test_a_wrong_deepl_key_stands_still(services, waits):
    error = fails(DeepL("another:fx", services.deepl, waits))
    assert (error.policy, error.code) == (Policy.PAUSE, "403")


def test_a_libretranslate_with_keys(waits):
    with translators("sesame") as services:
        assert run(LibreTranslate(services.libre, "sesame", waits))
        assert fails(LibreTranslate(services.libre, "other", waits)).code == "403"
        assert fails(LibreTranslate(services.libre, "", waits)).code == "400"


def settings(**more):
    return Settings(_env_file=None, **more)


def test_off_unless_a_service_is_set():
    assert translation.translator(settings()) is None
    nearly = settings(translation_url="http://localhost", translation_key="k")
    assert translation.translator(nearly) is None


@pytest.mark.parametrize(
    ("given", "names"),
    [({"translation": "deepl"}, "_KEY"), ({"translation": "libretranslate"}, "_URL")],
)
def test_what_is_missing_is_told(given, names):
    with pytest.raises(ConfigError, match=f"BUURTSTEM_TRANSLATION{names}"):
        translation.translator(settings(**given))


def test_a_key_is_never_shown():
    assert KEY not in repr(settings(translation="deepl", translation_key=KEY))


def test_the_client_follows_no_redirect_and_has_a_timeout(services):
    service = http.Service(services.deepl)
    assert service._client.follow_redirects is False
    assert service._client.timeout == httpx.Timeout(30.0, connect=5.0)
    asyncio.run(service.close())
