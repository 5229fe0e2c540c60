"""Voice notes, sounds, photos and places on the page."""

from __future__ import annotations

import io
import re
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, Page, expect

from tests.runtime.simulator.echo import Echo, Server
from tests.runtime.simulator.phones import SPEECH, bot, own, phone, picture, say


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
    # it went on until the tap arrived
    # the page shows what it decoded, which its codec and ours do to within an Opus frame
    least, most = (round(len(sound) / 16_000 + by) for by in (-0.03, 0.03))
    expect(note.locator(".length")).to_have_text(re.compile(f"^0:0({least}|{most})$"))
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


def test_the_sound_of_the_bot_is_played(page: Page) -> None:
    anna = phone(page)
    say(anna, "geluid")
    sound = bot(anna, "U kunt dit ook horen.")
    expect(sound.locator(".length")).to_have_text("0:01")
    sound.get_by_role("button", name="Afspelen").click()
    expect(sound.get_by_role("button", name="Pauze")).to_be_visible()
    expect(sound.get_by_role("button", name="Afspelen")).to_be_visible()
    assert sound.locator("input").input_value() == "0"


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
