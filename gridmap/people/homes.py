"""What may be kept of a household, who reads it, and whom a help button calls: rules alone, no rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from gridmap.people.rosters import Roster

#: what a household may agree to. `interpreter`: it wants one; `visits`: notes of visits are kept
PURPOSES = ("contact", "interpreter", "care", "visits", "help_button")
HOW = ("spoken", "written", "online")
#: why a care note is kept
CARE_PURPOSES = ("mobility", "hearing", "sight", "medicine", "alone", "equipment", "other")
#: who reads a care note: every worker on the roster of the cell, or of those the petition agent alone
READERS = ("cell", "agent")
OUTCOMES = ("met", "absent", "declined")
#: a care note is looked at again after a year at the latest
LONGEST_CARE = timedelta(days=366)

#: a call goes on to the next after this time; the tenth minute is the deadline of its category
NEXT_AFTER = timedelta(minutes=3)
MOST_WORKERS = 3
#: how far a device's clock may be off
DRIFT = timedelta(minutes=10)
#: a device unheard for longer is silent; a test is due each month
SILENT_AFTER, TEST_EVERY = timedelta(days=7), timedelta(days=31)
#: how far one gets in ten minutes on foot in the hills: 4.5 km/h
CIRCLE_M = 750.0


def in_force(withdrawn_at: datetime | None, until: date | None, today: date) -> bool:
    """Whether a consent holds on a day."""
    return withdrawn_at is None and (until is None or today < until)


def call_order(cells: Iterable[int], roster: Roster, moment: datetime, most: int = MOST_WORKERS) -> Sequence[int]:
    """Whom a help call goes to, first to last: the workers on duty at a local moment, each once.

    `cells`: ids, nearest to the home first, its own before all. Within a cell the primary comes before backups, then
    the lowest id. Nothing is asked about where anybody is.
    """
    found: dict[int, None] = {}
    for cell_id in cells:
        running = roster.on_duty(cell_id, moment)
        for duty in sorted(running, key=lambda one: (one.rank != "primary", one.worker_id)):
            found.setdefault(duty.worker_id)
            if len(found) == most:
                return list(found)
    return list(found)
