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
    handovers,
    heat_tiles,
    help_button,
    homes,
    incidents,
    layers,
    meetings,
    messages,
    people,
    photos,
    plan_help,
    plans,
    public,
    redraws,
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
    homes.router,
    visits.router,
    help_button.router,
    flow.router,
    plans.router,
    plan_help.router,
    redraws.router,
    handovers.router,
    forms.router,
    system.router,
)
