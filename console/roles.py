"""Who there is, and who may what. Routes name these; nothing else decides."""

from __future__ import annotations

from enum import Enum, StrEnum


class Role(StrEnum):
    """What a user of the console is."""

    COORDINATOR = "coordinator"
    ASSESSOR = "assessor"
    COMMITTEE = "committee"  # residents who decide with them: no contact details, no voices
    AUDITOR = "auditor"  # reads, and changes nothing but their own account


class Door(Enum):
    """Pages for who is not, or not quite, signed in."""

    PUBLIC = "public"
    HALFWAY = "halfway"  # the password was right, the second factor is still to come


Access = frozenset[Role] | Door

EVERYONE: frozenset[Role] = frozenset(Role)
COORDINATORS = frozenset({Role.COORDINATOR})
AUDITORS = frozenset({Role.AUDITOR})
ASSESSORS = frozenset({Role.COORDINATOR, Role.ASSESSOR})
# What a page shows only to some of those who may open it.
HEARS_VOICES = ASSESSORS
SEES_CONTACTS = COORDINATORS
