"""Tells coordinators that the week's export is there: how much, and where; nothing about people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from runtime.config import Settings
from runtime.mail import deliver
from storage.exports_made import Export

SUBJECT = "Buurtstem: de export van {week} staat klaar"


@dataclass(frozen=True, slots=True)
class ExportMail:
    """`url` of the mail server, `console` the page of the exports, "" when nobody can get at it."""

    url: str
    sender: str
    to: Sequence[str]
    console: str = ""

    def send(self, export: Export, round_name: str) -> None:
        """Raises what SMTP raises."""
        message = EmailMessage()
        message["Subject"] = SUBJECT.format(week=export.week)
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        message.set_content(text_of(export, round_name, self.console))
        deliver(self.url, message)


def mail_of(settings: Settings) -> ExportMail | None:
    """From the settings; None when no mail is to be sent."""
    url = settings.smtp_url.get_secret_value()
    to = [address.strip() for address in settings.mail_to.split(",") if address.strip()]
    if not (url and settings.mail_from and to):
        return None
    console = f"{settings.public_url}/console/exports" if settings.public_url else ""
    return ExportMail(url, settings.mail_from, to, console)


def text_of(export: Export, round_name: str, console: str) -> str:
    """A summary in Dutch."""
    lines = [round_name, "", f"De export van {export.week} staat klaar.", "", *_counts(export)]
    files = len([each for each in export.files if each.name.endswith("manifest.json") is False])
    lines += [f"- {files} bestanden, in de map {export.folder}"]
    if console:
        lines += ["", console]
    return "\n".join(lines) + "\n"


def _counts(export: Export) -> list[str]:
    counts = export.counts
    lines = [f"- {counts.get('plans', 0)} plannen"]
    if "changed" in counts:
        lines += [f"- {counts['changed']} nieuw of veranderd sinds de vorige export"]
    if counts.get("plans_with_notes"):
        lines += [f"- {counts['plans_with_notes']} plannen waar iemand naar moet kijken"]
    return lines
