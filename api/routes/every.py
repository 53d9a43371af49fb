"""All routers of the API."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import enterprises, forms, ground, heat_tiles, incidents, layers, people, session, stats, system

ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    incidents.router,
    ground.router,
    people.router,
    enterprises.router,
    layers.router,
    heat_tiles.router,
    stats.router,
    forms.router,
    system.router,
)
