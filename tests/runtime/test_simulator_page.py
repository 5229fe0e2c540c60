"""The page in a real browser: real routes, a real server, and a conversation that echoes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from bot.messages import Outbound

from .chromium import chromium, microphone
from .echo import ARABIC, MORE, SLOW, Echo, Server

SPEECH = Path(__file__).parents[3] / "shared" / "data" / "speech" / "en" / "jfk.wav"
WIDE = {"width": 1280, "height": 800}
LINDEPLEIN = {"latitude": 52.3825, "longitude": 4.8}
NOT_SENT = "Niet verstuurd"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(*microphone(SPEECH)) as browser:
        yield browser


@pytest.fixture
def echo(tmp_path: Path) -> Echo:
    return Echo(tmp_path)


@pytest.fixture
def server(echo: Echo) -> Iterator[Server]:
    server = Server(echo)
    yield server
    server.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=WIDE, locale="nl-NL", geolocation=LINDEPLEIN)
    context.grant_permissions(["microphone", "geolocation"])
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """The page as a newcomer sees it. Whatever it complains about fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.goto(server.url + "/simulator")
    yield page
    assert [c for c in complaints if "Failed to load resource" not in c] == []


def phone(page: Page, number: int = 0) -> Locator:
    return page.locator(".station").nth(number)


def say(phone: Locator, text: str) -> None:
    phone.locator("textarea").fill(text)
    phone.locator("textarea").press("Enter")


def bot(phone: Locator, text: str | re.Pattern[str]) -> Locator:
    return phone.locator(".entry.bot", has_text=text)


def own(phone: Locator, text: str) -> Locator:
    return phone.locator(".entry.own", has_text=text)


def talk(phone: Locator) -> list[str]:
    """What stands in the bubbles, in order."""
    return phone.locator(".entry .text").all_inner_texts()


def test_the_page_says_what_it_is(page: Page) -> None:
    expect(page.locator(".notice")).to_have_text(
        "Dit is een simulator. Er verlaat geen echt bericht deze computer."
    )
    page.get_by_role("button", name="English").click()
    expect(page.locator(".notice")).to_have_text(
        "This is a simulator. No real message leaves this computer."
    )
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    expect(page.get_by_role("button", name="Add a resident")).to_be_visible()


def test_nothing_is_asked_of_another_machine(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    say(phone(page), "geluid")
    expect(bot(phone(page), "horen").locator(".length")).to_have_text("0:01")
    assert len(asked) > 8
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []


def test_a_text_goes_and_comes(page: Page, echo: Echo) -> None:
    anna = phone(page)
    expect(anna.locator(".hello")).to_be_visible()
    anna.get_by_role("button", name="Hallo").click()
    expect(bot(anna, "Echo: Hallo")).to_be_visible()
    expect(anna.locator(".hello")).to_be_hidden()
    say(anna, "Een bank\nin het park")
    expect(bot(anna, "Echo: Een bank")).to_be_visible()
    expect(own(anna, "Een bank").get_by_role("img", name="verstuurd")).to_be_visible()
    assert [inbound.text for inbound in echo.taken] == ["Hallo", "Een bank\nin het park"]
    assert echo.taken[0].address.startswith("simulator:anna-")
    assert echo.taken[0].language_hint == "nl"
    expect(anna.locator(".entry time").first).to_have_text(re.compile(r"^\d\d:\d\d$"))


def test_the_button_sends_what_is_written(page: Page, echo: Echo) -> None:
    anna = phone(page)
    anna.locator("textarea").press_sequentially("Meer groen")
    anna.get_by_role("button", name="Stuur", exact=True).click()
    expect(bot(anna, "Echo: Meer groen")).to_be_visible()
    expect(anna.get_by_role("button", name="Spreek een bericht in")).to_be_visible()
    assert anna.locator("textarea").input_value() == ""


def test_a_button_is_tapped(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "knoppen")
    anna.get_by_role("button", name="👍 Ja").click()
    expect(bot(anna, "Gekozen: b0")).to_be_visible()
    expect(own(anna, "👍 Ja")).to_be_visible()
    expect(anna.locator(".answer.chosen")).to_have_text("👍 Ja")
    assert echo.taken[-1].choice == "b0"
    page.reload()
    expect(anna.locator(".answer.chosen")).to_have_text("👍 Ja")


def test_a_list_is_chosen_from_with_the_keyboard(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "lijst")
    opener = anna.get_by_role("button", name="Kies een thema")
    opener.focus()
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Kies een thema")
    expect(sheet.get_by_role("button", name="🌳 Groen")).to_be_focused()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(bot(anna, "Gekozen: t1")).to_be_visible()
    expect(sheet).to_be_hidden()


def test_the_sound_of_the_bot_is_played(page: Page) -> None:
    anna = phone(page)
    say(anna, "geluid")
    sound = bot(anna, "U kunt dit ook horen.")
    expect(sound.locator(".length")).to_have_text("0:01")
    sound.get_by_role("button", name="Afspelen").click()
    expect(sound.get_by_role("button", name="Pauze")).to_be_visible()
    expect(sound.get_by_role("button", name="Afspelen")).to_be_visible()
    assert sound.locator("input").input_value() == "0"


def samples(content: bytes) -> NDArray[np.float32]:
    """The sound in a file, mono, 16 000 samples a second."""
    to_mono = av.AudioResampler("flt", "mono", 16_000)
    with av.open(io.BytesIO(content)) as file:
        frames = [part for frame in file.decode(audio=0) for part in to_mono.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def is_like_speech(sound: NDArray[np.float32]) -> bool:
    """Most of it where voices are, and louder and softer by turns as syllables are."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / 16_000)
    voice = power[(hertz > 80) & (hertz < 4_000)].sum() / power.sum()
    parts = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    loudness = np.sqrt((parts**2).mean(axis=1))
    return bool(loudness.max() > 0.02 and voice > 0.8 and loudness.std() > 0.5 * loudness.mean())


def recorded(echo: Echo) -> tuple[NDArray[np.float32], float]:
    (media,) = echo.taken[-1].media
    assert media.kind == "voice"
    assert media.mime == "audio/webm"
    assert media.seconds is not None
    return samples(echo.media.get(media.ref)), media.seconds


@pytest.mark.skipif(not SPEECH.exists(), reason=f"no recording at {SPEECH}")
def test_a_voice_note_is_tapped_and_sent(page: Page, echo: Echo) -> None:
    anna = phone(page)
    anna.get_by_role("button", name="Spreek een bericht in").click()
    expect(anna.get_by_role("timer")).to_have_text("0:03", timeout=15_000)
    anna.get_by_role("button", name="Stop en stuur").click()
    expect(bot(anna, "voice: audio/webm")).to_be_visible()
    sound, seconds = recorded(echo)
    assert seconds >= 3
    assert abs(len(sound) / 16_000 - seconds) < 0.7
    assert is_like_speech(sound)
    note = anna.locator(".entry.own")
    expect(note.locator(".length")).to_have_text("0:03")
    note.get_by_role("button", name="Afspelen").click()
    expect(note.get_by_role("button", name="Pauze")).to_be_visible()
    page.reload()
    note.get_by_role("button", name="Afspelen").click()
    expect(note.get_by_role("button", name="Pauze")).to_be_visible()


@pytest.mark.skipif(not SPEECH.exists(), reason=f"no recording at {SPEECH}")
def test_a_voice_note_is_held_and_let_go(page: Page, echo: Echo) -> None:
    anna = phone(page)
    anna.locator(".main").hover()
    page.mouse.down()
    expect(anna.get_by_role("timer")).to_have_text("0:02", timeout=15_000)
    page.mouse.up()
    expect(bot(anna, "voice: audio/webm")).to_be_visible()
    assert is_like_speech(recorded(echo)[0])


def test_a_recording_is_thrown_away(page: Page, echo: Echo) -> None:
    anna = phone(page)
    anna.locator(".main").focus()
    page.keyboard.press("Enter")
    expect(anna.get_by_role("timer")).to_have_text("0:01", timeout=15_000)
    page.keyboard.press("Escape")
    expect(anna.get_by_role("timer")).to_be_hidden()
    expect(anna.locator("textarea")).to_be_visible()
    say(anna, "Toch maar typen")
    expect(bot(anna, "Echo: Toch maar typen")).to_be_visible()
    assert [inbound.media for inbound in echo.taken] == [()]


def test_without_a_microphone_it_says_so(context: BrowserContext, server: Server) -> None:
    context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('NotAllowed'))"
    )
    page = context.new_page()
    page.goto(server.url + "/simulator")
    phone(page).locator(".main").click()
    expect(phone(page).get_by_role("alert")).to_contain_text("De microfoon doet het niet")
    expect(phone(page).locator("textarea")).to_be_visible()


def picture(size: tuple[int, int] = (640, 480)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (60, 140, 70)).save(file, "JPEG")
    return file.getvalue()


def test_a_photo_is_sent_and_shown(page: Page, echo: Echo) -> None:
    anna = phone(page)
    photo = {"name": "boom.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    with page.expect_file_chooser() as chooser:
        anna.get_by_role("button", name="Een foto sturen").click()
    chooser.value.set_files(photo)
    expect(bot(anna, "photo: image/jpeg")).to_be_visible()
    (media,) = echo.taken[-1].media
    assert echo.media.get(media.ref) == photo["buffer"]
    for _ in range(2):
        image = anna.get_by_role("img", name="Foto")
        expect(image).to_have_js_property("naturalWidth", 640)
        page.reload()


def test_a_photo_that_is_too_large_gets_a_kind_word(page: Page, echo: Echo, tmp_path: Path) -> None:
    anna = phone(page)
    large = tmp_path / "large.jpg"
    large.write_bytes(picture() + bytes(26_000_000))
    anna.locator(".photo-file").set_input_files(large)
    expect(anna.locator(".problem")).to_contain_text("te groot")
    say(anna, "Dan maar zo")
    expect(bot(anna, "Echo: Dan maar zo")).to_be_visible()
    assert len(echo.taken) == 1


def test_a_place_is_sent(page: Page, echo: Echo) -> None:
    anna = phone(page)
    anna.get_by_role("button", name="Een plaats sturen").click()
    page.get_by_role("button", name="Waar ik nu ben").click()
    expect(bot(anna, "Plaats: 52.3825 4.8000")).to_be_visible()
    say(anna, "waar")
    anna.get_by_role("button", name="Stuur mijn plaats").click()
    page.get_by_role("button", name="Waterkade").click()
    expect(bot(anna, "Plaats: 52.3825 4.8200")).to_be_visible()
    expect(own(anna, "Waterkade")).to_be_visible()
    anna.get_by_role("button", name="Een plaats sturen").click()
    point = page.get_by_label("Of een ander punt")
    point.fill("ergens")
    point.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="twee getallen")).to_be_visible()
    point.fill("52.4, 4.9")
    point.press("Enter")
    expect(bot(anna, "Plaats: 52.4000 4.9000")).to_be_visible()


def test_residents_do_not_hear_each_other(page: Page, echo: Echo) -> None:
    anna, samira = phone(page, 0), phone(page, 1)
    say(anna, "Ik ben Anna")
    say(samira, "Ik ben Samira")
    expect(bot(anna, "Echo: Ik ben Anna")).to_be_visible()
    expect(bot(samira, "Echo: Ik ben Samira")).to_be_visible()
    assert talk(anna) == ["Ik ben Anna", "Echo: Ik ben Anna"]
    assert talk(samira) == ["Ik ben Samira", "Echo: Ik ben Samira"]
    assert {inbound.address.split(":")[0] for inbound in echo.taken} == {"simulator", "telegram"}


def test_a_resident_comes_and_goes(page: Page, echo: Echo) -> None:
    page.get_by_role("button", name="Bewoner erbij").click()
    dialog = page.get_by_role("dialog", name="Wie doet er mee?")
    dialog.get_by_label("Naam").fill("Yıldız")
    dialog.get_by_role("radio", name="Sms").check()
    dialog.get_by_label("Taal").select_option("tr")
    dialog.get_by_role("button", name="Erbij zetten").click()
    expect(page.locator(".station")).to_have_count(3)
    yildiz = page.get_by_role("region", name="Telefoon van Yıldız")
    expect(yildiz.get_by_role("button", name="Een foto sturen")).to_be_hidden()
    yildiz.get_by_role("button", name="Merhaba").click()
    expect(bot(yildiz, "Echo: Merhaba")).to_be_visible()
    assert echo.taken[-1].address.startswith("sms:y")
    assert echo.taken[-1].language_hint == "tr"
    page.reload()
    expect(bot(yildiz, "Echo: Merhaba")).to_be_visible()
    yildiz.get_by_role("button", name="Telefoon weghalen").click()
    page.get_by_role("button", name="Weghalen", exact=True).click()
    expect(page.locator(".station")).to_have_count(2)
    page.reload()
    expect(page.locator(".station")).to_have_count(2)


def test_a_resident_begins_again_as_somebody_new(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "Eerste")
    expect(bot(anna, "Echo: Eerste")).to_be_visible()
    anna.get_by_role("button", name="Opnieuw beginnen").click()
    page.get_by_role("button", name="Opnieuw beginnen", exact=True).click()
    expect(anna.locator(".hello")).to_be_visible()
    say(anna, "Tweede")
    expect(bot(anna, "Echo: Tweede")).to_be_visible()
    first, second = echo.taken
    assert first.address != second.address


def test_a_phone_for_calls_has_keys_and_speaks_by_itself(page: Page, echo: Echo) -> None:
    page.goto(page.url + "?as=bas&channel=phone&name=Bas")
    bas = page.get_by_role("region", name="Telefoon van Bas")
    bas.get_by_role("button", name="Bel Buurtstem").click()
    expect(bot(bas, "Echo: Hallo")).to_be_visible()
    echo.say("phone:bas", MORE["geluid"])
    expect(bas.get_by_role("button", name="Pauze")).to_be_visible()
    for key in "12#":
        bas.get_by_role("button", name=key, exact=True).click()
    bas.get_by_role("button", name="Stuur", exact=True).click()
    expect(bot(bas, "Echo: 12#")).to_be_visible()
    assert echo.taken[-1].address == "phone:bas"


def test_a_reload_restores_both_sides_in_order(page: Page) -> None:
    anna = phone(page)
    for text in ("een", "knoppen", "twee", "drie"):
        say(anna, text)
        expect(bot(anna, f"Echo: {text}")).to_be_visible()
    before = talk(anna)
    assert before[:2] == ["een", "Echo: een"]
    assert len(before) == 9
    page.reload()
    expect(bot(anna, "Echo: drie")).to_be_visible()
    assert talk(anna) == before
    assert page.locator(".entry.own[data-state=sent]").count() == 4


def test_after_a_reload_the_bot_is_still_heard(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "een")
    expect(bot(anna, "Echo: een")).to_be_visible()
    page.reload()
    expect(bot(anna, "Echo: een")).to_be_visible()
    echo.say(echo.taken[0].address, Outbound("Er is nieuws over uw plan."))
    expect(bot(anna, "Er is nieuws")).to_be_visible()


def test_what_belongs_to_an_older_database_is_gone(page: Page, echo: Echo) -> None:
    anna = phone(page)
    for text in ("een", "twee", "drie"):
        say(anna, text)
        expect(bot(anna, f"Echo: {text}")).to_be_visible()
    echo.said.clear()
    echo.say(echo.taken[0].address, Outbound("Welkom"))
    page.reload()
    expect(bot(anna, "Welkom")).to_be_visible()
    assert talk(anna) == ["Welkom"]


def test_a_secret_answer_is_not_kept(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, "geheim")
    expect(bot(anna, "Geheim: wordt niet bewaard")).to_be_visible()
    say(anna, "482 913")
    expect(own(anna, "482 913").get_by_role("img", name="verstuurd")).to_be_visible()
    assert "482" not in page.evaluate("JSON.stringify(localStorage)")
    page.reload()
    expect(own(anna, "Geheim bericht, niet bewaard")).to_be_visible()


def test_arabic_runs_from_right_to_left(page: Page) -> None:
    samira = phone(page, 1)
    say(samira, "arabisch")
    words = bot(samira, ARABIC).locator(".text")
    expect(words).to_have_css("direction", "rtl")
    assert starts_at_the_right(words)
    expect(bot(samira, ARABIC).locator(".answers")).to_have_css("direction", "rtl")
    expect(bot(samira, ARABIC).locator(".bubble")).to_have_attribute("lang", "ar")
    say(samira, "أريد أشجارًا")
    expect(own(samira, "أريد").locator(".text")).to_have_css("direction", "rtl")
    say(samira, "Bomen")
    expect(own(samira, "Bomen").locator(".text")).to_have_css("direction", "ltr")


def starts_at_the_right(words: Locator) -> bool:
    """Whether the first letter stands right of the last one on its line."""
    box = """element => {
        const range = document.createRange();
        const text = element.firstChild;
        const left = (at) => { range.setStart(text, at); range.setEnd(text, at + 1);
            return range.getBoundingClientRect().left; };
        return left(3) > left(9);
    }"""
    return bool(words.evaluate(box))


@pytest.mark.parametrize("width", [320, 390])
def test_a_narrow_screen_shows_one_phone_and_never_scrolls_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    anna, samira = phone(page, 0), phone(page, 1)
    expect(samira).to_be_hidden()
    for text in ("lang", "lijst", "knoppen", "w" * 200):
        say(anna, text)
        expect(bot(anna, f"Echo: {text}")).to_be_visible()
    assert overflow(page) == 0
    anna.locator(".answer", has_text="Kies een thema").click()
    assert overflow(page) == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Samira").click()
    expect(samira).to_be_visible()
    expect(anna).to_be_hidden()
    say(samira, "arabisch")
    expect(bot(samira, ARABIC)).to_be_visible()
    assert overflow(page) == 0
    page.get_by_role("button", name="Bewoner erbij").click()
    assert overflow(page) == 0


def overflow(page: Page) -> int:
    """How many pixels anything sticks out sideways: of the page, and of what scrolls in it."""
    script = """() => Math.max(...[document.documentElement, ...document.querySelectorAll(
        '.scroll, dialog[open], dialog[open] .options, .composer')]
        .map((element) => element.scrollWidth - element.clientWidth))"""
    return int(page.evaluate(script))


def test_on_a_narrow_screen_the_other_phone_shows_that_there_is_news(
    page: Page, echo: Echo
) -> None:
    say(phone(page, 1), "Hallo")
    expect(bot(phone(page, 1), "Echo: Hallo")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 640})
    echo.say(echo.taken[0].address, Outbound("Nieuws"))
    expect(page.get_by_role("img", name="1 nieuw")).to_be_visible()
    page.get_by_role("button", name="Samira").click()
    expect(bot(phone(page, 1), "Nieuws")).to_be_visible()
    expect(page.get_by_role("img", name="1 nieuw")).to_have_count(0)


def test_what_was_not_sent_goes_when_the_server_is_back(
    page: Page, echo: Echo, server: Server
) -> None:
    anna = phone(page)
    say(anna, "een")
    expect(bot(anna, "Echo: een")).to_be_visible()
    server.stop()
    expect(anna.locator(".presence")).to_have_text("geen verbinding")
    say(anna, "twee")
    say(anna, "drie")
    expect(own(anna, "drie")).to_contain_text(NOT_SENT)
    expect(own(anna, "twee")).to_contain_text(NOT_SENT)
    own(anna, "twee").get_by_role("button", name="Probeer opnieuw").click()
    expect(own(anna, "twee")).to_contain_text(NOT_SENT)
    server.start()
    expect(bot(anna, "Echo: drie")).to_be_visible(timeout=20_000)
    expect(anna.locator(".problem")).to_have_count(0)
    assert [inbound.text for inbound in echo.taken] == ["een", "twee", "drie"]


def test_what_was_not_sent_survives_a_reload(page: Page, echo: Echo) -> None:
    anna = phone(page)
    page.route("**/api/messages", lambda route: route.abort())
    say(anna, "Bewaar mij")
    photo = {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    anna.locator(".photo-file").set_input_files(photo)
    expect(own(anna, "Bewaar mij")).to_contain_text(NOT_SENT)
    page.unroute("**/api/messages")
    page.reload()
    expect(bot(anna, "photo: image/jpeg")).to_be_visible()
    assert [inbound.text for inbound in echo.taken] == ["Bewaar mij", ""]


def test_an_answer_that_got_lost_does_not_double_the_message(page: Page, echo: Echo) -> None:
    anna = phone(page)

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        route.fetch()
        route.abort()

    page.route("**/api/messages", lose)
    say(anna, "Eén keer")
    expect(own(anna, "Eén keer")).to_contain_text(NOT_SENT)
    expect(bot(anna, "Echo: Eén keer")).to_be_visible()
    page.unroute("**/api/messages")
    own(anna, "Eén keer").get_by_role("button", name="Probeer opnieuw").click()
    expect(own(anna, "Eén keer").get_by_role("img", name="verstuurd")).to_be_visible()
    assert [inbound.text for inbound in echo.taken] == ["Eén keer"]
    assert len(echo.said) == 1


def test_the_bot_is_shown_typing_until_it_answers(page: Page, echo: Echo) -> None:
    anna = phone(page)
    say(anna, SLOW)
    expect(anna.locator(".typing")).to_be_visible()
    expect(anna.locator(".presence")).to_have_text("is aan het typen…")
    echo.say(echo.taken[0].address, Outbound("Klaar"))
    expect(bot(anna, "Klaar")).to_be_visible()
    expect(anna.locator(".typing")).to_be_hidden()
    expect(anna.locator(".presence")).to_have_text("online")


def test_a_page_that_never_reached_the_server_sends_later(page: Page, echo: Echo) -> None:
    page.route("**/api/messages?*", lambda route: route.abort())
    page.reload()
    anna = phone(page)
    say(anna, "Hallo")
    expect(own(anna, "Hallo")).to_contain_text(NOT_SENT)
    page.unroute("**/api/messages?*")
    expect(bot(anna, "Echo: Hallo")).to_be_visible(timeout=20_000)
    expect(own(anna, "Hallo").get_by_role("img", name="verstuurd")).to_be_visible()


def test_light_and_dark(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert light != dark
    page.get_by_role("button", name="Licht of donker").click()
    page.reload()
    now = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert now == light


def test_what_the_bot_says_is_announced_once(page: Page) -> None:
    log = phone(page).get_by_role("log", name="Gesprek")
    say(phone(page), "knoppen")
    expect(bot(phone(page), "Doet u mee?")).to_be_visible()
    expect(log).to_have_attribute("aria-live", "polite")
    page.reload()
    expect(bot(phone(page), "Doet u mee?")).to_be_visible()
    expect(log).to_have_attribute("aria-live", "polite")


def test_everything_that_can_be_pressed_has_a_name_and_is_large_enough(page: Page) -> None:
    say(phone(page), "lijst")
    say(phone(page), "geluid")
    expect(bot(phone(page), "horen").locator(".length")).to_have_text("0:01")
    script = """() => [...document.querySelectorAll('button, input, textarea, select, a')]
        .filter((element) => element.checkVisibility() && element.type !== 'range')
        .map((element) => ({ html: element.outerHTML.slice(0, 90),
            name: element.getAttribute('aria-label') || element.textContent.trim(),
            size: Math.min(element.offsetWidth, element.offsetHeight) }))
        .filter(({ name, size }) => !name || size < 40)"""
    assert page.evaluate(script) == []


def test_words_of_a_resident_are_never_markup(page: Page) -> None:
    anna = phone(page)
    say(anna, "<img src=x onerror=alert(1)> https://example.org/a?b=1.")
    expect(bot(anna, "Echo: <img src=x")).to_be_visible()
    assert anna.locator(".entry img").count() == 0
    link = bot(anna, "Echo:").get_by_role("link")
    expect(link).to_have_attribute("href", "https://example.org/a?b=1")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
