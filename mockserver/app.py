"""Put the application together; the only module that knows every family."""

from __future__ import annotations

from mockserver.apis import assemblyai
from mockserver.engine import Engine
from mockserver.settings import Settings, SettingsError
from mockserver.web import log
from mockserver.web.courier import Courier
from mockserver.web.middleware import Gate
from mockserver.web.sending import App

FAMILIES = (assemblyai.FAMILY,)


def create_app(settings: Settings, *, alone: bool) -> Gate:
    """Return the ASGI application, with its database open; the thread that calls this must also run it.

    ``alone`` says that the process runs nothing else. Then what takes long is made in the background, which would
    not be safe beside threads of others: pydantic's models cannot be made in two threads at once.
    Raises StoreError if the data directory cannot be used, and SettingsError for what a family cannot work with.
    """
    known = {quirk for family in FAMILIES for quirk in family.quirks}
    if unknown := sorted(set(settings.quirks) - known):
        raise SettingsError(f"quirks: there is no {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    for family in FAMILIES:
        family.check(settings)
    engine = Engine(settings)
    courier = Courier(engine, FAMILIES)
    log.problems(engine.fixtures.problems)

    def control() -> App:
        from mockserver.control.routes import control_app

        return control_app(engine, courier, FAMILIES)

    def prepared() -> App:
        for family in FAMILIES:
            family.warm_up()
        return control()

    if alone:
        return Gate(engine, courier, FAMILIES, prepared)
    made = prepared()
    return Gate(engine, courier, FAMILIES, lambda: made)
