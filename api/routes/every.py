"""All routers of the API."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import enterprises, forms, ground, incidents, layers, messages, people, session, stats, system

ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    incidents.router,
    ground.router,
    people.router,
    enterprises.router,
    layers.router,
    stats.router,
    messages.router,
    forms.router,
    system.router,
)
