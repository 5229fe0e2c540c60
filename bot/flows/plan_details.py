"""The rest of a plan: where, how much, a photo, who does it, may we call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot import understand
from bot.flows.common import YES_NO
from bot.flows.draft import draft, kept, onward, the_round, with_part
from bot.prompts import Answer, Ask, Choice, Choose, Go, Scene, Text

# --- where --------------------------------------------------------------------------------------


def place(scene: Scene) -> Ask:
    """A street, a pin on the map, or an area by name."""
    areas = the_round(scene).areas
    by_name = tuple(Choice(a.id, a.name) for a in areas) if len(areas) > 1 else ()
    return Ask(
        Text("submit_plan.place", how=_how_to_place(scene)),
        _placed,
        accepts=("text", "voice", "location"),
        choices=(*by_name, Choice("unknown", Text("submit_plan.no_place.label"), "unknown")),
    )


def _how_to_place(scene: Scene) -> Text:
    ways = scene.world.ways
    if "voice" not in ways:
        return Text("submit_plan.place_type")
    return Text("submit_plan.place_tell") if "text" in ways else Text("submit_plan.place_say")


def _placed(scene: Scene, answer: Answer) -> Go:
    if answer.kind == "location":
        return _located(scene, answer)
    if answer.choice == "unknown":
        return _place_known(scene, area=_only_area(scene), address="", location=None)
    if answer.kind == "choice":
        return _place_known(scene, area=answer.choice, address="", location=None)
    found = the_round(scene).area_of_address(answer.text)
    where = found.id if found else _only_area(scene)
    return _place_known(scene, area=where, address=answer.text[:200], location=None)


def _located(scene: Scene, answer: Answer) -> Go:
    lat, lng = answer.location or (0.0, 0.0)
    round_ = the_round(scene)
    found = round_.area_at(lat, lng)
    if found is None and all(area.outline for area in round_.areas):
        return Go("place", say=(Text("submit_plan.outside"),), missed=True)
    where = found.id if found else _only_area(scene)
    return _place_known(scene, area=where, address=answer.text[:200], location=[lat, lng])


def _place_known(scene: Scene, **where: Any) -> Go:
    if where["area"] is None and where["address"] + str(where["location"] or ""):
        return Go("area", keep=kept(scene, **where))
    return onward(scene, **where)


def _only_area(scene: Scene) -> str | None:
    areas = the_round(scene).areas
    return areas[0].id if len(areas) == 1 else None


def area(scene: Scene) -> Choose:
    """The street did not tell which area it is in."""
    return Choose(
        Text("submit_plan.area"),
        (
            *(Choice(a.id, a.name) for a in the_round(scene).areas),
            Choice("unknown", Text("common.unknown.label"), "unknown"),
        ),
        _area_chosen,
    )


def _area_chosen(scene: Scene, answer: Answer) -> Go:
    return onward(scene, area=None if answer.choice == "unknown" else answer.choice)


# --- money, photo, who, calling --------------------------------------------------------------


def cost(scene: Scene) -> Ask:
    return Ask(
        Text("submit_plan.cost"),
        _costed,
        accepts=("number", "voice"),
        choices=(Choice("unknown", Text("common.unknown.label"), "unknown"),),
        easier=Text("submit_plan.cost.easier"),
    )


def _costed(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "unknown":
        return onward(scene, cost=None)
    if answer.amount is None:
        return Go("cost", missed=True)
    rules = the_round(scene).rules
    if answer.amount < rules.cost_min:
        return Go("cost", say=(Text("submit_plan.cost_low", least=rules.cost_min),))
    if rules.cost_max is not None and answer.amount > rules.cost_max:
        return Go("cost", say=(Text("submit_plan.cost_high", most=rules.cost_max),))
    return onward(scene, cost=str(answer.amount))


def photo(scene: Scene) -> Ask:
    return Ask(
        Text("submit_plan.photo"),
        _pictured,
        accepts=("photo",),
        choices=(Choice("skip", Text("submit_plan.no_photo.label"), "skip"),),
    )


def _pictured(scene: Scene, answer: Answer) -> Go:
    if answer.kind != "photo":
        return onward(scene, photos=[])
    return onward(scene, say=(Text("submit_plan.photo_kept"),), **_with_photo(scene, answer))


def _with_photo(scene: Scene, answer: Answer) -> dict[str, Any]:
    """The draft with the photo; what stands below it belongs to the plan as well."""
    plan = with_part(draft(scene), answer) or with_part(draft(scene), replace(answer, text=""))
    return plan or dict(draft(scene))


def who(scene: Scene) -> Ask:
    """A second photo of the place may come right behind the first."""
    return Ask(
        Text("submit_plan.who"),
        _who_chosen,
        accepts=("photo",),
        choices=(
            Choice("me", Text("submit_plan.who_me.label"), "me"),
            Choice("municipality", Text("submit_plan.who_municipality.label"), "municipality"),
            Choice("together", Text("submit_plan.who_together.label"), "together"),
        ),
    )


def _who_chosen(scene: Scene, answer: Answer) -> Go:
    if answer.kind == "photo":
        photos = kept(scene, **_with_photo(scene, answer))
        return Go("who", keep=photos, say=(Text("submit_plan.photo_kept"),))
    return onward(scene, who=answer.choice)


def call(scene: Scene) -> Choose:
    return Choose(Text("submit_plan.call"), YES_NO, _may_call)


def _may_call(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "no":
        return onward(scene, call=False, phone="")
    if scene.world.knows_number:
        return onward(scene, call=True, phone="")
    return Go("phone")


def phone(scene: Scene) -> Ask:
    return Ask(
        Text("submit_plan.phone"),
        _phoned,
        accepts=("text",),
        choices=(Choice("no", Text("submit_plan.no_phone.label"), "skip"),),
        easier=Text("submit_plan.phone.easier"),
    )


def _phoned(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "no":
        return onward(scene, call=False, phone="")
    number = understand.phone(answer.text)
    if number is None:
        return Go("phone", say=(Text("submit_plan.phone_odd"),), missed=True)
    return onward(scene, call=True, phone=number)
