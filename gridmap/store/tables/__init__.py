"""The tables. What a row may be is said here and enforced by the database; migrations build it on both dialects.

Geometry is EPSG:4326. Moments are UTC (`UtcDateTime`), days are `Date`. Personal text and contacts never stand in a
column: they are sealed in `sealed`, with a key per subject. Codes are text.
"""

from __future__ import annotations

from gridmap.store.tables.accounts import accounts, audit, changes, login_failures, readings, sessions, versions
from gridmap.store.tables.analyses import analyses
from gridmap.store.tables.base import SRID, UtcDateTime, metadata
from gridmap.store.tables.basemap import places, roads, water
from gridmap.store.tables.desk import behalves, saved_views
from gridmap.store.tables.flow import rule_sets, sweep_duties
from gridmap.store.tables.ground import areas, bodies, cells, meta
from gridmap.store.tables.homes import calls, care_notes, consents, devices, quotas, visits
from gridmap.store.tables.limits import cell_limits
from gridmap.store.tables.links import behalf_tracks, chunks, reached, tracks_again
from gridmap.store.tables.meetings import agenda, blasts, meetings, promise_steps, promises, rocks, seats
from gridmap.store.tables.messages import beats, messages, outbox, requests
from gridmap.store.tables.people import duties, leaves, sealed, subjects, workers
from gridmap.store.tables.permits import PERMIT_KINDS, enterprise_contacts, permits, preventives
from gridmap.store.tables.phones import sealing_keys
from gridmap.store.tables.plans import drawings, handovers, plan_comments, plan_edits, plans
from gridmap.store.tables.remarks import plan_remarks
from gridmap.store.tables.reports import calendars, events, helpers, incidents, processes, responsibilities
from gridmap.store.tables.residents import photos, salts, spent, tallies, tracks
from gridmap.store.tables.scores import score_cases, scores
from gridmap.store.tables.served import categories, enterprises, households
from gridmap.store.tables.told import told_months

__all__ = [
    "PERMIT_KINDS",
    "SRID",
    "UtcDateTime",
    "accounts",
    "agenda",
    "analyses",
    "areas",
    "audit",
    "beats",
    "behalf_tracks",
    "behalves",
    "blasts",
    "bodies",
    "calendars",
    "calls",
    "care_notes",
    "categories",
    "cell_limits",
    "cells",
    "changes",
    "chunks",
    "consents",
    "devices",
    "drawings",
    "duties",
    "enterprise_contacts",
    "enterprises",
    "events",
    "handovers",
    "helpers",
    "households",
    "incidents",
    "leaves",
    "login_failures",
    "meetings",
    "messages",
    "meta",
    "metadata",
    "outbox",
    "permits",
    "photos",
    "places",
    "plan_comments",
    "plan_edits",
    "plan_remarks",
    "plans",
    "preventives",
    "processes",
    "promise_steps",
    "promises",
    "quotas",
    "reached",
    "readings",
    "requests",
    "responsibilities",
    "roads",
    "rocks",
    "rule_sets",
    "salts",
    "saved_views",
    "score_cases",
    "scores",
    "sealed",
    "sealing_keys",
    "seats",
    "sessions",
    "spent",
    "subjects",
    "sweep_duties",
    "tallies",
    "told_months",
    "tracks",
    "tracks_again",
    "versions",
    "visits",
    "water",
    "workers",
]
