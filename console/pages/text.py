"""One text of the bot: all its languages side by side, and a recording of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from console.bot_texts import BotText, Kind, Made, SoundError
from console.examples import EXAMPLES
from console.forms import Form
from console.pages.media import part_of
from console.pages.texts import Recordings, TextFilters, is_open, languages, recorded, states
from console.roles import COORDINATORS, EVERYONE
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import prompts
from storage.prompts import NewPrompt

MOST_BYTES = 20_500_000  # of the form: a file of 20 MB and the few fields beside it


class Upload(BaseModel):
    """A file with a recording, chosen or recorded on the page."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    sound: UploadFile


async def show(visit: Visit) -> Response:
    return await _page(visit, _text(visit))


async def record(visit: Visit) -> Response:
    """Puts a recording in place, if it is one."""
    text, language = _recordable(visit)
    form = visit.form(Upload)
    made = await _made(visit, form)
    if made is None:
        return await _page(visit, text, language, form)
    name = await run_in_threadpool(visit.deps.store.put, made.ogg, ".ogg")
    new = NewPrompt(
        key=text.key,
        language=language,
        name=name,
        seconds=round(made.seconds, 2),
        loudness=round(made.loudness, 1),
        text_hash=text.wordings[language].hash,
        user_id=visit.me.id,
    )
    save = partial(prompts.save, new=new, now_ms=visit.deps.clock())
    unused = await visit.change("texts.record", await _row(visit, text.key, language), save)
    return await _done(visit, text, T("texts.saved"), unused)


async def remove(visit: Visit) -> Response:
    """Takes a recording away: from now on the voice says the text again."""
    text, language = _text(visit), visit.request.path_params["language"]
    row = await _row(visit, text.key, language)
    if row is None:
        raise visit.missing()
    away = partial(prompts.remove, key=text.key, language=language)
    return await _done(
        visit, text, T("texts.removed"), await visit.change("texts.remove", row, away)
    )


async def sound(visit: Visit) -> Response:
    """The recording itself."""
    text, language = _text(visit), visit.request.path_params["language"]
    found = (await visit.read(partial(prompts.of_key, key=text.key))).get(language)
    if found is None:
        raise visit.missing()
    try:
        content = await run_in_threadpool(visit.deps.store.get, found.name)
    except (OSError, ValueError):
        raise visit.missing() from None
    return part_of(content, "audio/ogg", visit.request.headers.get("range", ""))


def _text(visit: Visit) -> BotText:
    text = visit.deps.texts().by_key.get(visit.request.path_params["key"])
    if text is None:
        raise visit.missing()
    return text


def _recordable(visit: Visit) -> tuple[BotText, str]:
    text, language = _text(visit), str(visit.request.path_params["language"])
    if text.kind is not Kind.SPOKEN or language not in text.wordings:
        raise visit.missing()
    return text, language


async def _made(visit: Visit, form: Form[Upload]) -> Made | None:
    """What the file was made into; None when it cannot be used, which the form then says."""
    if form.bad:
        form.errors = {"sound": (T("texts.no_file"), {})}
        return None
    try:
        return await run_in_threadpool(visit.deps.make_sound, await form.ok.sound.read())
    except SoundError as error:
        form.wrong("sound", f"texts.not.{error.reason}")
        return None


async def _row(visit: Visit, key: str, language: str) -> int | None:
    found = (await visit.read(partial(prompts.of_key, key=key))).get(language)
    return found.id if found else None


async def _done(visit: Visit, text: BotText, say: str, unused: str | None) -> Response:
    if unused:
        await run_in_threadpool(visit.deps.store.delete, unused)
    visit.say(say)
    query = visit.filters(TextFilters).query
    return RedirectResponse(visit.url("texts.one", query, key=text.key), 303)


async def _page(
    visit: Visit, text: BotText, wrong_in: str = "", form: Form[Upload] | None = None
) -> Response:
    codes, recordings = await languages(visit), await recorded(visit)
    filters = visit.filters(TextFilters)
    asked = [filters.language] if filters.language in codes else codes
    return visit.page(
        "text.html",
        422 if form else 200,
        text=text,
        can_change=visit.may(COORDINATORS),
        codes=codes,
        filters=filters,
        readers=visit.deps.texts().readers,
        recordings={code: recordings.get((text.key, code)) for code in codes},
        states=states(text, codes, recordings),
        params=[name for name in text.params if name in EXAMPLES],
        following=_following(visit, text, asked, recordings),
        wrong_in=wrong_in,
        form=form,
    )


def _following(
    visit: Visit, text: BotText, codes: Sequence[str], recordings: Recordings
) -> BotText | None:
    """The next text of which something is still to be recorded, round and round."""
    everything = list(visit.deps.texts().by_key.values())
    here = everything.index(text)
    others = everything[here + 1 :] + everything[:here]
    return next((o for o in others if is_open(states(o, codes, recordings).values())), None)


ROUTES = [
    View("texts.one", "/texts/{key}", show, EVERYONE),
    View("texts.sound", "/texts/{key}/{language}/sound", sound, EVERYONE),
    Act(
        "texts.record",
        "/texts/{key}/{language}",
        record,
        COORDINATORS,
        most_bytes=MOST_BYTES,
        files=1,
    ),
    Act("texts.remove", "/texts/{key}/{language}/remove", remove, COORDINATORS),
]
