"""The words of the case flow: statuses, levels of the ladder, parties, and the reasons that may be given.

`unplaced` and `assigned` are the two faces of a reported case (立案): outside every cell, or with somebody chosen by
the roster. They are the names that stood before the whole flow came, so no row has to be rewritten.
"""

from __future__ import annotations

from enum import StrEnum

from gridmap.view import Role


class Status(StrEnum):
    """Where a case stands. The Chinese terms are those of city management and of the mediation ladder."""

    UNPLACED = "unplaced"  # 立案(未定位)
    ASSIGNED = "assigned"  # 立案
    ACCEPTED = "accepted"  # 受理
    DISPATCHED = "dispatched"  # 派遣
    SIGNED = "signed"  # 签收
    HANDLING = "handling"  # 处置中
    PAUSED = "paused"  # 挂起
    RESOLVED = "resolved"  # 反馈(待核查)
    VERIFIED = "verified"  # 核查通过
    CLOSED = "closed"  # 结案
    RETURNED = "returned"  # 退回
    ESCALATED = "escalated"  # 上报
    REOPENED = "reopened"  # 重新立案
    VOIDED = "voided"  # 作废
    MERGED = "merged"  # 并案


#: a case on a dispatcher's or worker's desk: nobody has said yes yet
AT_DESK = frozenset({Status.UNPLACED, Status.ASSIGNED, Status.RETURNED, Status.ESCALATED, Status.REOPENED})
#: a case that somebody works on
AT_WORK = frozenset({Status.ACCEPTED, Status.SIGNED, Status.HANDLING})
#: nothing more is due
ENDED = frozenset({Status.CLOSED, Status.VOIDED, Status.MERGED})
#: ended because they were no case, or another one's: no figure counts them
DROPPED = frozenset({Status.VOIDED, Status.MERGED})
OPEN = frozenset(Status) - ENDED


class Level(StrEnum):
    """The rungs of the ladder, lowest first. The city lies outside the county: a body there is an address."""

    COMMUNITY = "community"
    TOWN = "town"
    COUNTY = "county"
    CITY = "city"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class Party(StrEnum):
    """Who acts: the roles of accounts, a resident with a tracking link, and the platform itself."""

    WORKER = "worker"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    SUPERVISOR = "supervisor"
    PLANNER = "planner"
    APPROVER = "approver"
    OFFICIAL = "official"
    ADMIN = "admin"
    RESIDENT = "resident"
    SYSTEM = "system"

    @classmethod
    def of(cls, role: Role) -> Party:
        return cls(str(role))


#: why a case goes back to where it came from
RETURN_REASONS = ("not_ours", "wrong_place", "wrong_category", "facts_missing", "duplicate", "other")
#: why a case changes hands
HAND_OVER_REASONS = ("leave", "roster", "redraw", "moved_post", "workload", "conflict_of_interest", "other")
#: why a clock stands still
PAUSE_REASONS = ("waiting_reporter", "waiting_survey", "waiting_court", "waiting_season", "waiting_body", "other")
EXTEND_REASONS = ("complex", "many_parties", "survey_needed", "weather", "waiting_body", "other")
ESCALATE_REASONS = ("beyond_powers", "several_bodies", "no_agreement", "returned_often", "overdue", "other")
#: how a case came out
OUTCOMES = ("settled", "agreement", "repaired", "compensated", "referred", "unfounded", "withdrawn", "other")
REOPEN_REASONS = ("appeal", "came_back", "not_done", "new_facts", "other")
VOID_REASONS = ("test", "not_a_case", "withdrawn", "outside_county", "other")
SUPERVISE_REASONS = ("overdue", "very_late", "returned_often", "complaint", "important", "other")
#: warnings of the sweep, in the order in which they come
WARNINGS = ("yellow", "red", "very_late")
PRIORITIES = ("normal", "urgent")
