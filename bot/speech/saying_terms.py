"""What signs, units and short forms are called: one `Terms` a language.

A new language needs one, and its numbers in `number_words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Terms:
    """The words of one language.

    `date`: with {day} or {nth}, {month}, {year}. `hour`, `minutes`: times of day, with {hour} of
    24, or {half} of 12 with {part}, and {minute}. `percent`: with {}. `ordinal`: a pattern whose
    first group is the number, "" for none. `units` follow a number; `shorts` are short forms as
    they are written; `signs` are patterns.
    """

    link: str
    mail: str
    date: str
    hour: str
    minutes: str
    euro: str
    euros: str
    cent: str
    cents: str
    percent: str
    point: str
    minus: str
    plus: str
    range: str
    and_cents: str = ""
    ordinal: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    shorts: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, str] = field(default_factory=dict)


TERMS: Mapping[str, Terms] = {
    "nl": Terms(
        link="de link in dit bericht",
        mail="het mailadres in dit bericht",
        date="{day} {month} {year}",
        hour="{hour} uur",
        minutes="{hour} uur {minute}",
        euro="euro",
        euros="euro",
        cent="cent",
        cents="cent",
        percent="{} procent",
        point="komma",
        minus="min",
        plus="plus",
        range=" tot ",
        ordinal=r"\b(\d{1,2})(?:e|de|ste)\b",
        units={
            "m²": "vierkante meter",
            "m2": "vierkante meter",
            "m³": "kubieke meter",
            "m3": "kubieke meter",
            "km/u": "kilometer per uur",
            "km": "kilometer",
            "cm": "centimeter",
            "mm": "millimeter",
            "m": "meter",
            "kg": "kilo",
            "kWh": "kilowattuur",
            "°C": "graden",
            "x": "keer",
        },
        shorts={
            "o.a.": "onder andere",
            "bijv.": "bijvoorbeeld",
            "bv.": "bijvoorbeeld",
            "nr.": "nummer",
            "nrs.": "nummers",
            "enz.": "enzovoort",
            "etc.": "enzovoort",
            "d.w.z.": "dat wil zeggen",
            "t/m": "tot en met",
            "m.b.t.": "over",
            "i.p.v.": "in plaats van",
            "i.v.m.": "vanwege",
            "a.u.b.": "alstublieft",
            "z.s.m.": "zo snel mogelijk",
            "ca.": "ongeveer",
            "evt.": "eventueel",
            "incl.": "inclusief",
            "excl.": "exclusief",
            "min.": "minimaal",
            "max.": "maximaal",
            "tel.": "telefoon",
            "p.p.": "per persoon",
            "v.a.": "vanaf",
        },
        signs={r"(?<=\w) ?& ?(?=\w)": "en", r"#(?=\d)": "nummer", r" [/|] ": "of"},
    ),
    "en": Terms(
        link="the link in this message",
        mail="the mail address in this message",
        date="the {nth} of {month} {year}",
        hour="{half} {part}",
        minutes="{half} {minute} {part}",
        euro="euro",
        euros="euros",
        cent="cent",
        cents="cents",
        percent="{} percent",
        point="point",
        minus="minus",
        plus="plus",
        range=" to ",
        ordinal=r"\b(\d{1,2})(?:st|nd|rd|th)\b",
        units={
            "m²": "square metres",
            "m2": "square metres",
            "m³": "cubic metres",
            "m3": "cubic metres",
            "km/h": "kilometres an hour",
            "km": "kilometres",
            "cm": "centimetres",
            "mm": "millimetres",
            "m": "metres",
            "kg": "kilos",
            "kWh": "kilowatt hours",
            "°C": "degrees",
            "x": "times",
        },
        shorts={
            "e.g.": "for example",
            "i.e.": "that is",
            "etc.": "and so on",
            "approx.": "about",
            "incl.": "including",
            "excl.": "excluding",
            "nr.": "number",
            "max.": "at most",
            "min.": "at least",
            "tel.": "telephone",
        },
        signs={r"(?<=\w) ?& ?(?=\w)": "and", r"#(?=\d)": "number", r" [/|] ": "or"},
    ),
    "tr": Terms(
        link="bu mesajdaki bağlantı",
        mail="bu mesajdaki e-posta adresi",
        date="{day} {month} {year}",
        hour="{hour}",
        minutes="{hour} {minute}",
        euro="avro",
        euros="avro",
        cent="sent",
        cents="sent",
        percent="yüzde {}",
        point="virgül",
        minus="eksi",
        plus="artı",
        range=", ",
        ordinal=r"\b(\d{1,2})(?:\.(?= [a-zçğıöşü])|['’](?:inci|ıncı|uncu|üncü|nci|ncı|ncu|ncü)\b)",
        units={
            "m²": "metrekare",
            "m2": "metrekare",
            "m³": "metreküp",
            "m3": "metreküp",
            "km/sa": "kilometre saat",
            "km": "kilometre",
            "cm": "santimetre",
            "mm": "milimetre",
            "m": "metre",
            "kg": "kilo",
            "kWh": "kilovat saat",
            "°C": "derece",
            "x": "kere",
        },
        shorts={
            "vb.": "ve benzeri",
            "vs.": "ve saire",
            "örn.": "örneğin",
            "no.": "numara",
            "yakl.": "yaklaşık",
            "maks.": "en fazla",
            "min.": "en az",
            "tel.": "telefon",
            "cad.": "caddesi",
            "sok.": "sokağı",
            "mah.": "mahallesi",
            "bkz.": "bakınız",
        },
        signs={r"(?<=\w) ?& ?(?=\w)": "ve", r"#(?=\d)": "numara", r" [/|] ": "veya"},
    ),
    "ar": Terms(
        link="الرابط في هذه الرسالة",
        mail="عنوان البريد في هذه الرسالة",
        date="{day} {month} {year}",
        hour="{hour}",
        minutes="{hour} و{minute} دقيقة",
        euro="يورو",
        euros="يورو",
        cent="سنت",
        cents="سنت",
        percent="{} بالمئة",
        point="فاصلة",
        minus="ناقص",
        plus="زائد",
        range=" إلى ",
        and_cents="و",
        units={
            "m²": "متر مربع",
            "m2": "متر مربع",
            "م²": "متر مربع",
            "م٢": "متر مربع",
            "م2": "متر مربع",
            "km": "كيلومتر",
            "كم": "كيلومتر",
            "cm": "سنتيمتر",
            "سم": "سنتيمتر",
            "m": "متر",
            "م": "متر",
            "kg": "كيلو",
            "كغ": "كيلو",
        },
        shorts={"إلخ": "إلى آخره", "الخ": "إلى آخره", "د.": "الدكتور", "ص.ب.": "صندوق البريد"},
        signs={r"(?<=\w) ?& ?(?=\w)": "و", r"#(?=\d)": "رقم", r" [/|] ": "أو"},
    ),
}
