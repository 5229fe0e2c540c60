"""Settings: language, sound, messages, what we know, forget me."""

from __future__ import annotations

from bot import understand
from bot.flows.welcome import language_choices
from bot.prompts import Answer, Ask, Choice, Choose, Command, Do, End, Go, Outcome, Scene, Text


def settings(scene: Scene) -> Choose:
    sound = (Choice("sound", _switch("sound", scene.sound), "sound"),)
    sms = (Choice("sms", Text("settings.sms.label")),)
    return Choose(
        Text("settings.settings"),
        (
            Choice("language", Text("settings.language.label"), "language"),
            *(sound if "sound" in scene.world.ways else ()),
            Choice("notify", _switch("notify", scene.notify), "notify"),
            *(sms if scene.world.channel == "whatsapp" else ()),
            Choice("know", Text("settings.know.label"), "know"),
            Choice("forget", Text("settings.forget.label"), "forget"),
            Choice("menu", Text("common.menu.label"), "menu"),
        ),
        _chosen,
    )


def _switch(name: str, is_on: bool) -> Text:
    if name == "sound":
        return Text("settings.sound_off.label") if is_on else Text("settings.sound_on.label")
    return Text("settings.notify_off.label") if is_on else Text("settings.notify_on.label")


def _chosen(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "sound":
        said = Text("settings.sound_is_off") if scene.sound else Text("settings.sound_is_on")
        return Go("settings", settings={"sound": not scene.sound}, say=(said,))
    if answer.choice == "notify":
        said = Text("settings.notify_is_off") if scene.notify else Text("settings.notify_is_on")
        return Go("settings", settings={"notify": not scene.notify}, say=(said,))
    return Go("menu.menu", fresh=True) if answer.choice == "menu" else Go(answer.choice)


def sms(scene: Scene) -> Choose:
    """WhatsApp lets nobody be written to out of the blue a day later: may it be by SMS then?"""
    return Choose(
        Text("settings.sms"),
        (
            Choice("yes", Text("common.yes.label"), "yes"),
            Choice("no", Text("common.no.label"), "no"),
        ),
        _sms_chosen,
    )


def _sms_chosen(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "no":
        return Go("sms_off")
    return Go("sms_on" if scene.world.knows_number else "sms_phone", keep={"sms_phone": None})


def other_language(scene: Scene) -> Choose:
    """A recording was in another language than we speak: it is offered, in both."""
    code = str(scene.answers.get("sounds_like") or scene.language)
    name = scene.world.languages.get(code, code)
    ours = Text("settings.sounds_like", language=name)
    theirs = Text("settings.sounds_like", language=name, in_language=code)
    return Choose(
        Text("settings.in_both", ours=ours, theirs=theirs),
        (Choice("yes", name, "yes"), Choice("no", Text("settings.same_language.label"), "no")),
        _other_language_chosen,
    )


def _other_language_chosen(scene: Scene, answer: Answer) -> Go:
    code = scene.answers.get("sounds_like")
    if answer.choice == "no" or not code:
        return Go("@back", keep={"sounds_like": None, "not_in": code})
    told = (Text("settings.language_is_set"),)
    return Go("@back", keep={"sounds_like": None}, settings={"language": code}, say=told)


def sms_phone(scene: Scene) -> Ask:
    return Ask(
        Text("submit_plan.phone"),
        _sms_phoned,
        accepts=("text",),
        easier=Text("submit_plan.phone.easier"),
    )


def _sms_phoned(scene: Scene, answer: Answer) -> Go:
    number = understand.phone(answer.text)
    if number is None:
        return Go("sms_phone", say=(Text("submit_plan.phone_odd"),), missed=True)
    return Go("sms_on", keep={"sms_phone": number})


def sms_on(scene: Scene) -> Do:
    """The number that was given, or the one that the channel tells."""
    given = str(scene.answers.get("sms_phone") or "")
    return Do(Command("allow_sms", {"allow": True, "phone": given}), _sms_set)


def sms_off(scene: Scene) -> Do:
    return Do(Command("allow_sms", {"allow": False}), _sms_set)


def _sms_set(scene: Scene, outcome: Outcome) -> Go:
    said = Text("settings.sms_is_on") if outcome.data.get("on") else Text("settings.sms_is_off")
    return Go("settings", keep={"sms_phone": None}, say=(said,))


def language(scene: Scene) -> Ask:
    """Another language from anywhere, and then back to where one was."""
    return Ask(
        Text("settings.language"),
        _language_chosen,
        accepts=("text",),
        choices=language_choices(scene),
    )


def _language_chosen(scene: Scene, answer: Answer) -> Go:
    code = answer.choice or understand.language_named(answer.text, tuple(scene.world.languages))
    if not code:
        return Go("language", missed=True)
    if not scene.consent:
        return Go("welcome.privacy", settings={"language": code}, fresh=True)
    return Go("@back", settings={"language": code}, say=(Text("settings.language_is_set"),))


def know(scene: Scene) -> Do:
    return Do(Command("what_we_know"), _known)


def _known(scene: Scene, outcome: Outcome) -> Go:
    return Go("known", keep={"known": dict(outcome.data)})


def known(scene: Scene) -> Choose:
    """Everything we keep of this person, in counts and dates."""
    facts = scene.answers.get("known") or {}
    return Choose(
        Text(
            "settings.known",
            language=scene.world.languages.get(scene.language, scene.language),
            plans=int(facts.get("plans", 0)),
            recordings=int(facts.get("recordings", 0)),
            photos=int(facts.get("photos", 0)),
            messages=int(facts.get("messages", 0)),
            channels=str(facts.get("channels", "")),
        ),
        (
            Choice("forget", Text("settings.forget.label"), "forget"),
            Choice("menu", Text("common.menu.label"), "menu"),
        ),
        lambda scene, answer: Go(
            "forget" if answer.choice == "forget" else "menu.menu", keep={"known": None}
        ),
    )


def forget(scene: Scene) -> Choose:
    return Choose(
        Text("settings.forget"),
        (
            Choice("forget", Text("settings.forget_yes.label"), "forget"),
            Choice("keep", Text("settings.forget_no.label"), "no"),
        ),
        lambda scene, answer: Go("erase" if answer.choice == "forget" else "@back"),
    )


def erase(scene: Scene) -> Do:
    return Do(Command("forget"), _erased)


def _erased(scene: Scene, outcome: Outcome) -> Go:
    return Go("forgotten", keep={"vote": None}, fresh=True)


def forgotten(scene: Scene) -> End:
    return End(Text("settings.forgotten"))
