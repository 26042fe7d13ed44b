"""The control API under /_mock: what a test does to the server, as opposed to with it."""

from fastapi import APIRouter

from mockserver.control import clock, health, jobs, journal, reset

CONTROL = "/_mock"

router = APIRouter(prefix=CONTROL, tags=["Control"])
for page in (health, clock, jobs, journal, reset):
    router.include_router(page.router)
