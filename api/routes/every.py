"""All routers of the API."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import (
    cell_tiles,
    enterprises,
    forms,
    ground,
    handovers,
    heat_tiles,
    incidents,
    layers,
    meetings,
    messages,
    people,
    plan_help,
    plans,
    session,
    stats,
    system,
)

#: what is asked most comes first: FastAPI tries them in order
ROUTERS: tuple[APIRouter, ...] = (
    people.router,
    ground.router,
    session.router,
    incidents.router,
    enterprises.router,
    layers.router,
    heat_tiles.router,
    cell_tiles.router,
    stats.router,
    messages.router,
    meetings.router,
    plans.router,
    plan_help.router,
    handovers.router,
    forms.router,
    system.router,
)
