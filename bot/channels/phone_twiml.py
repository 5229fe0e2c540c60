"""A turn of a call in Twilio's own language.

Everything is heard from `<Play>`: there are languages for which Twilio has no voice. Whatever is
listened for, a `<Redirect>` follows, so that a silent caller is never left in silence.
https://www.twilio.com/docs/voice/twiml
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twilio.twiml.voice_response import Gather, VoiceResponse

from bot.channels.phone import AGAIN, BACK, LONGEST, LONGEST_KEYS, MENU, Turn

VOICE_PATH = "/webhooks/twilio/voice"
SILENT_END = 5  # seconds of silence that end a recording
BEFORE_BEEP = 1
WAIT_PAUSE = 1

Address = Callable[[str, int, int], str]


def addresses(public_url: str) -> Address:
    """Where a caller's next act is told: `address(step, n, times)`."""
    base = public_url.rstrip("/") + VOICE_PATH
    return lambda step, n, times: f"{base}/{step}?n={n}&times={times}"


def twiml(turn: Turn, sounds: Sequence[str], address: Address) -> str:
    """The turn as XML; `sounds` are the public addresses of what it plays."""
    response = VoiceResponse()
    _WAYS[turn.way](response, turn, sounds, address)
    return str(response)


def _keys(response: VoiceResponse, turn: Turn, sounds: Sequence[str], address: Address) -> None:
    single = turn.most == 1
    gather = Gather(
        input="dtmf",
        action=address("keys", turn.n, turn.times),
        method="POST",
        num_digits=turn.most or LONGEST_KEYS,
        finish_on_key="" if single else AGAIN,  # a single key is told as it is, `#` too
        timeout=turn.pause,
    )
    for sound in sounds:
        gather.play(sound)
    response.append(gather)
    response.redirect(address("silence", turn.n, turn.times + 1), method="POST")


def _voice(response: VoiceResponse, turn: Turn, sounds: Sequence[str], address: Address) -> None:
    """While the question is heard a key goes at once; then the beep, and a key ends it."""
    if sounds:
        gather = Gather(
            input="dtmf",
            action=address("keys", turn.n, turn.times),
            method="POST",
            num_digits=1,
            finish_on_key="",
            timeout=BEFORE_BEEP,
        )
        for sound in sounds:
            gather.play(sound)
        response.append(gather)
    response.record(
        action=address("voice", turn.n, turn.times),
        method="POST",
        finish_on_key="".join(sorted({AGAIN, BACK, MENU, *turn.keys, *turn.extras})),
        max_length=LONGEST,
        timeout=SILENT_END,
        play_beep=True,
        trim="do-not-trim",
        recording_status_callback=address("recording", turn.n, 0),
        recording_status_callback_method="POST",
        recording_status_callback_event="completed",
    )
    # Twilio comes here when nothing was said.
    response.redirect(address("silence", turn.n, turn.times + 1), method="POST")


def _wait(response: VoiceResponse, turn: Turn, sounds: Sequence[str], address: Address) -> None:
    for sound in sounds:
        response.play(sound)
    response.pause(length=WAIT_PAUSE)
    response.redirect(address("wait", turn.n, turn.times + 1), method="POST")


def _end(response: VoiceResponse, turn: Turn, sounds: Sequence[str], address: Address) -> None:
    for sound in sounds:
        response.play(sound)
    response.hangup()


_WAYS = {"keys": _keys, "voice": _voice, "wait": _wait, "end": _end}
