"""A text is recorded in the browser, with a microphone that hears a recording of somebody."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from bot.speech.audio import RATE, decode
from bot.speech.speak import ESpeak
from storage import prompts
from tests.console.browsing import context_for, served
from tests.console.shown import Shown
from tests.console.test_browser import listen
from tests.console.world import World
from tests.runtime.chromium import chromium, microphone

JFK = Path(__file__).parents[3] / "shared" / "data" / "speech" / "en" / "jfk.wav"
KEY = "welcome.thanks"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person's voice; a machine's where the recordings are not."""
    if JFK.exists():
        return JFK
    pcm = decode(ESpeak().say("Dank je wel dat je meedoet. " * 4, "nl"))
    file = tmp_path_factory.mktemp("voice") / "voice.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes((np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes())
    return file


@pytest.fixture(scope="module")
def browser(spoken: Path) -> Iterator[Browser]:
    with chromium(*microphone(spoken)) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, town: World) -> Iterator[Page]:
    shown = Shown("text", f"/texts/{KEY}")
    with served(town) as url:
        context = context_for(browser, town, url, shown, "nl", "light", 1280)
        context.grant_permissions(["microphone"])
        page = context.new_page()
        complaints = listen(page)
        page.goto(url + "/console" + shown.path)
        yield page
        assert complaints == []
        context.close()


def test_a_text_is_recorded_heard_and_kept(page: Page, town: World) -> None:
    turkish = page.get_by_role("region", name="Türkçe")
    turkish.get_by_role("button", name="Opnemen").click()
    expect(turkish.get_by_role("status")).to_have_text("De opname loopt.")
    expect(turkish.locator(".clock")).to_have_text("3 / 60 s", timeout=15_000)
    turkish.get_by_role("button", name="Stop").click()
    expect(turkish.get_by_role("status")).to_have_text("Luister terug. Goed? Kies dan Bewaar.")
    new = turkish.locator(".recorder audio")
    expect(new).to_be_visible()
    heard = "audio => audio.play().then(() => new Promise(done => audio.ontimeupdate = done))"
    new.evaluate(f"audio => ({heard})(audio).then(() => true)")
    turkish.get_by_role("button", name="Bewaar").click()

    expect(page.get_by_text("De opname staat er.")).to_be_visible()
    turkish = page.get_by_role("region", name="Türkçe")
    expect(turkish.locator(".state")).to_contain_text("opgenomen")
    kept = town.db.read(lambda c: prompts.of_key(c, KEY))
    assert list(kept) == ["tr"]
    assert 1 < kept["tr"].seconds < 8
    assert decode(town.store.get(kept["tr"].name)).size > RATE
    length = "audio => new Promise(done => { audio.onloadedmetadata = () => done(audio.duration);"
    seconds = turkish.locator("audio").first.evaluate(length + " audio.load(); })")
    assert seconds == pytest.approx(kept["tr"].seconds, abs=0.2)


def test_without_a_microphone_a_file_does(browser: Browser, town: World, tmp_path: Path) -> None:
    """Nothing is lost without JavaScript: the field for a file is there from the start."""
    sound = tmp_path / "merci.ogg"
    sound.write_bytes(ESpeak().say("Dank je wel dat je meedoet.", "nl"))
    with served(town) as url:
        shown = Shown("text", f"/texts/{KEY}")
        signed_in = context_for(browser, town, url, shown, "nl", "light", 320)
        context = browser.new_context(java_script_enabled=False)
        context.add_cookies(signed_in.cookies())  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(url + "/console" + shown.path)
        dutch = page.get_by_role("region", name="Nederlands")
        assert not dutch.locator(".recorder").is_visible()
        dutch.get_by_label("Of kies een bestand").set_input_files(sound)
        dutch.get_by_role("button", name="Bewaar").click()
        expect(page.get_by_text("De opname staat er.")).to_be_visible()
        assert list(town.db.read(lambda c: prompts.of_key(c, KEY))) == ["nl"]
        context.close()
        signed_in.close()


def test_a_microphone_that_is_refused(browser: Browser, town: World) -> None:
    with served(town) as url:
        shown = Shown("text", f"/texts/{KEY}")
        context = context_for(browser, town, url, shown, "nl", "light", 320)
        page = context.new_page()
        page.add_init_script(
            "navigator.mediaDevices.getUserMedia = async () => { throw new Error('NotAllowed'); }"
        )
        page.goto(url + "/console" + shown.path)
        dutch = page.get_by_role("region", name="Nederlands")
        dutch.get_by_role("button", name="Opnemen").click()
        expect(dutch.get_by_role("status")).to_contain_text("Kies hieronder een bestand.")
        context.close()
