"""The simulator's addresses, asked over a real connection to a real server."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.messages import Button, Outbound, Sound
from bot.speech.audio import decode
from runtime.round_file import load_round
from runtime.simulator import LONGEST_BODY, places_of
from tests.runtime.simulator.echo import ARABIC, Echo, Server

DEMO = Path(__file__).parents[3] / "examples" / "demo.toml"
MESSAGES = "/simulator/api/messages"
ANNA = {"as": "anna", "channel": "whatsapp"}


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Echo:
    return Echo(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="module")
def server(echo: Echo) -> Iterator[Server]:
    server = Server(echo)
    yield server
    server.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture
def who() -> dict[str, str]:
    return {"as": uuid.uuid4().hex, "channel": "telegram"}


def rows(client: httpx.Client, who: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    answer = client.get(MESSAGES, params={**who, "wait": 0, **more})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()
    return found


def test_a_text_is_taken_and_answered(client: httpx.Client, echo: Echo, who: Any) -> None:
    mine = str(uuid.uuid4())
    answer = client.post(MESSAGES, json={**who, "id": mine, "text": "Hallo", "hint": "nl"})
    assert answer.status_code == 200
    assert answer.json()["id"] == mine == echo.taken[-1].id
    (row,) = rows(client, who)
    assert row["text"] == "Echo: Hallo"
    assert row["at"] >= answer.json()["at"]


def test_the_same_id_twice_is_one_message(client: httpx.Client, who: Any) -> None:
    message = {**who, "id": str(uuid.uuid4()), "text": "Hallo"}
    answers = [client.post(MESSAGES, data=message) for _ in range(3)]
    assert {answer.json()["id"] for answer in answers} == {message["id"]}
    assert len(rows(client, who)) == 1


def test_a_row_has_all_that_a_page_needs(client: httpx.Client, echo: Echo, who: Any) -> None:
    buttons = (Button("y", "✅ نعم"), Button("n", "❌ لا"))
    message = Outbound(
        ARABIC, buttons, "list", "اختر", Sound(ARABIC, "ar"), True, True, direction="rtl"
    )
    echo.say(f"telegram:{who['as']}", message)
    (row,) = rows(client, who)
    assert row == {
        "id": len(echo.said),
        "as": who["as"],
        "channel": "telegram",
        "text": ARABIC,
        "buttons": [{"id": "y", "label": "✅ نعم"}, {"id": "n", "label": "❌ لا"}],
        "style": "list",
        "opens": "اختر",
        "audio": f"/simulator/api/audio/{row['id']}?as={who['as']}&channel=telegram",
        "language": "ar",
        "secret": True,
        "asks_location": True,
        "direction": "rtl",
        "at": echo.said[-1][1].at.isoformat(),
    }


def test_the_sound_of_a_message_is_only_for_its_resident(
    client: httpx.Client, echo: Echo, who: Any
) -> None:
    echo.say(f"telegram:{who['as']}", Outbound("Stil"))
    echo.say(f"telegram:{who['as']}", Outbound("Luid", sound=Sound("Dit hoort u.", "nl")))
    silent, loud = rows(client, who)
    answer = client.get(loud["audio"])
    assert answer.headers["content-type"] == "audio/ogg"
    assert len(decode(answer.content)) > 8_000
    assert silent["audio"] is None
    other = loud["audio"].replace(who["as"], "somebody")
    assert client.get(other).status_code == 404
    assert client.get(f"/simulator/api/audio/{silent['id']}", params=who).status_code == 404
    assert client.get(f"/simulator/api/audio/{10**30}", params=who).status_code == 404
    assert client.get(f"/simulator/api/audio/{loud['id']}").status_code == 400


def test_a_message_is_waited_for(client: httpx.Client, echo: Echo, who: Any) -> None:
    timer = threading.Timer(0.6, echo.say, (f"telegram:{who['as']}", Outbound("Daar is het")))
    timer.start()
    answer = client.get(MESSAGES, params={**who, "after": 0, "wait": 20})
    assert [row["text"] for row in answer.json()] == ["Daar is het"]
    assert not timer.is_alive()


def test_many_residents_share_one_connection(client: httpx.Client, echo: Echo) -> None:
    names = [uuid.uuid4().hex for _ in range(3)]
    for name in names:
        echo.say(f"sms:{name}", Outbound("een"))
        echo.say(f"sms:{name}", Outbound("twee"))
    seen = rows(client, {"as": names[0], "channel": "sms"})[0]["id"]
    found = rows(client, {}, **{"as": names, "channel": ["sms"] * 3, "after": [seen, 0, 0]})
    assert [(row["as"], row["text"]) for row in found] == [
        (names[0], "twee"),
        (names[1], "een"),
        (names[1], "twee"),
        (names[2], "een"),
        (names[2], "twee"),
    ]


@pytest.mark.parametrize(
    ("kind", "mime", "stored"),
    [
        ("voice", "audio/webm;codecs=opus", "audio/webm"),
        ("voice", "video/mp4", "video/mp4"),
        ("photo", "image/jpeg", "image/jpeg"),
    ],
)
def test_a_file_is_stored_and_can_be_fetched(
    client: httpx.Client, echo: Echo, who: Any, kind: str, mime: str, stored: str
) -> None:
    content = uuid.uuid4().bytes * 200_000  # more than is kept in memory while it comes in
    fields = {**who, "id": str(uuid.uuid4()), "seconds": "3.5"}
    answer = client.post(MESSAGES, data=fields, files={kind: ("x", content, mime)})
    assert answer.status_code == 200
    (media,) = echo.taken[-1].media
    assert (media.kind, media.mime, media.size, media.seconds) == (kind, stored, len(content), 3.5)
    assert echo.media.get(media.ref) == content


@pytest.mark.parametrize("file", [("voice", "application/pdf"), ("photo", "audio/ogg"), ("x", "x")])
def test_a_file_that_we_cannot_take_is_not_stored(
    client: httpx.Client, echo: Echo, who: Any, file: tuple[str, str]
) -> None:
    before = len(echo.stored)
    answer = client.post(MESSAGES, data=who, files={file[0]: ("x", b"%PDF", file[1])})
    assert answer.status_code == 200
    assert echo.taken[-1].kind_unknown
    assert len(echo.stored) == before


@pytest.mark.parametrize("spare", [0, 1, 60_000_000])
def test_what_is_too_big_gets_a_kind_answer(
    client: httpx.Client, echo: Echo, who: Any, spare: int
) -> None:
    before = len(echo.stored)
    files = {"voice": ("x", bytes(LONGEST_BODY + spare), "audio/webm")}
    answer = client.post(MESSAGES, data=who, files=files)
    assert answer.status_code == 413
    assert answer.json()["error"] == "too_big"
    assert "25 MB" in answer.json()["message"]
    assert len(echo.stored) == before
    assert client.post(MESSAGES, json={**who, "text": "Nog een keer"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"as": "a b", "text": "x"}, "as"),
        ({"as": "anna", "channel": "fax", "text": "x"}, "channel"),
        ({"as": "anna"}, "contents"),
        ({"as": "anna", "text": ["x"]}, "json"),
        ({"as": "anna", "text": "x", "id": 12}, "json"),
        (["x"], "json"),
        ({"as": "anna", "location": "north"}, "location"),
    ],
)
def test_a_wrong_message_is_refused(client: httpx.Client, body: Any, code: str) -> None:
    answer = client.post(MESSAGES, json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


def test_what_is_no_message_at_all_is_refused(client: httpx.Client, echo: Echo) -> None:
    deep = client.post(
        MESSAGES, content=b"[" * 100_000, headers={"content-type": "application/json"}
    )
    assert deep.status_code == 400
    form = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post(MESSAGES, content=b"--x\r\nrubbish", headers=form).status_code == 400
    assert client.post(MESSAGES, content=b"text", headers={}).status_code == 400
    two = {"voice": ("a", b"a", "audio/ogg"), "photo": ("b", b"b", "image/png")}
    assert client.post(MESSAGES, data=ANNA, files=two).status_code == 400


def test_nothing_is_stored_for_a_wrong_message(client: httpx.Client, echo: Echo) -> None:
    before = len(echo.stored)
    files = {"voice": ("x", b"sound", "audio/webm")}
    assert client.post(MESSAGES, data={**ANNA, "id": "x"}, files=files).status_code == 400
    assert client.post(MESSAGES, data={**ANNA, "text": "x"}, files=files).status_code == 400
    assert len(echo.stored) == before


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"as": "a b"},
        {"as": ["a", "b"], "channel": ["sms"]},
        {"as": "a", "after": "x"},
        {"as": "a", "wait": "nan"},
        {"as": ["a"] * 25},
    ],
)
def test_a_wrong_question_is_refused(client: httpx.Client, query: Any) -> None:
    assert client.get(MESSAGES, params=query).status_code == 400


def test_no_number_is_too_large_for_a_database(client: httpx.Client) -> None:
    assert rows(client, ANNA, after="9" * 60) == []
    assert rows(client, ANNA, after="-5", wait=-1) == rows(client, ANNA)


def test_another_site_cannot_send_for_a_resident(client: httpx.Client, echo: Echo) -> None:
    before = len(echo.taken)
    foreign = {"sec-fetch-site": "cross-site"}
    answer = client.post(MESSAGES, data={**ANNA, "text": "x"}, headers=foreign)
    assert answer.status_code == 403
    assert len(echo.taken) == before


def test_the_page_allows_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/simulator")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "//" not in policy
    assert "العربية" in page.text
    assert 'data-point="52.3825,4.8"' in page.text
    assert "<script>" not in page.text
    assert "style=" not in page.text


def test_the_files_of_the_page_are_served(client: httpx.Client) -> None:
    script = client.get("/simulator/static/app.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["x-content-type-options"] == "nosniff"
    assert client.get("/simulator/static/../../simulator.py").status_code == 404
    assert client.get("/simulator/static/%2e%2e/%2e%2e/simulator.py").status_code == 404


def test_nobody_goes_on_waiting_when_the_server_closes(echo: Echo) -> None:
    server = Server(echo)
    answers: list[int] = []

    def wait() -> None:
        query = {"as": "patient", "wait": 25}
        answers.append(httpx.get(server.url + MESSAGES, params=query, timeout=60).status_code)

    thread = threading.Thread(target=wait)
    thread.start()
    while not echo.asked("simulator:patient"):
        pass
    server.stop()
    thread.join()
    assert answers == [200]


def test_the_places_of_a_round_lie_in_its_areas() -> None:
    demo = load_round(DEMO)
    for language in ("nl", "ar"):
        places = places_of(demo, language)
        assert len(places) == 2
        for name, (lat, lng) in places.items():
            area = demo.area_at(lat, lng)
            assert area is not None
            assert area.name.get(language) == name
