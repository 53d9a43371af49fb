"""All routers of the API."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import (
    analyses,
    cell_tiles,
    desk,
    enterprises,
    flow,
    forms,
    ground,
    heat_tiles,
    help_button,
    homes,
    incidents,
    layers,
    meetings,
    messages,
    neighbours,
    people,
    photos,
    public,
    scorecards,
    session,
    stats,
    system,
    visits,
)

#: what is asked most comes first: FastAPI tries them in order
ROUTERS: tuple[APIRouter, ...] = (
    people.router,
    ground.router,
    session.router,
    incidents.router,
    photos.router,
    public.router,
    desk.router,
    enterprises.router,
    layers.router,
    heat_tiles.router,
    cell_tiles.router,
    scorecards.router,
    stats.router,
    analyses.router,
    messages.router,
    meetings.router,
    neighbours.router,
    homes.router,
    visits.router,
    help_button.router,
    flow.router,
    forms.router,
    system.router,
)
