"""Put the application together; the only module that knows every family."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mockserver.apis import assemblyai, jobs
from mockserver.engine import Engine
from mockserver.settings import Settings, SettingsError
from mockserver.web import log
from mockserver.web.courier import Courier
from mockserver.web.family import Family
from mockserver.web.middleware import Gate
from mockserver.web.sending import App

if TYPE_CHECKING:
    from mockserver.engine.fault_rule import FaultRule
    from mockserver.web.authority import Authority

FAMILIES = (assemblyai.FAMILY, jobs.FAMILY)


def create_app(settings: Settings, *, alone: bool) -> Gate:
    """Return the ASGI application, with its database open; the thread that calls this must also run it.

    ``alone`` says that the process runs nothing else. Then what takes long is made in the background, which would
    not be safe beside threads of others: pydantic's models cannot be made in two threads at once.
    Raises StoreError if the data directory cannot be used, and SettingsError for what a family cannot work with.
    """
    served = _served(settings)
    known = {quirk for family in FAMILIES for quirk in family.quirks}
    if unknown := sorted(set(settings.quirks) - known):
        raise SettingsError(f"quirks: there is no {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    for family in served:
        family.check(settings)
    lasting = _lasting_faults(settings)
    engine = Engine(settings, {family.name: family.lane for family in FAMILIES})
    engine.faults.always(settings.fault_profile, lasting)
    authority = _authority(engine, served)
    courier = Courier(engine, FAMILIES)
    log.problems(engine.fixtures.problems)

    def control() -> App:
        from mockserver.control.routes import control_app

        return control_app(engine, courier, served, authority.pem if authority else None)

    def prepared() -> App:
        for family in served:
            family.warm_up()
        return control()

    def prepared_for_good() -> App:
        made = prepared()
        gc.freeze()  # what is there now stays: to look through it for garbage would stop every session for 50 ms
        return made

    if alone:
        return Gate(engine, courier, served, prepared_for_good, authority)
    made = prepared()
    return Gate(engine, courier, served, lambda: made, authority)


def _authority(engine: Engine, served: Sequence[Family]) -> Authority | None:
    """Return whose certificates HTTPS shows, if it is to be served. Raises SettingsError."""
    if not engine.settings.tls:
        return None
    from mockserver.web.authority import authority

    hosts = [host for family in served for host in family.hosts]
    try:
        return authority(engine.settings, engine.data.path, hosts, engine.clock.parent.now)
    except SettingsError:
        engine.close()
        raise


def _served(settings: Settings) -> Sequence[Family]:
    """Return the families that are to be served. Raises SettingsError."""
    names = [family.name for family in FAMILIES]
    if unknown := [name for name in settings.families if name not in names]:
        raise SettingsError(f"families: there is no {', '.join(unknown)}; there are: {', '.join(names)}")
    return [family for family in FAMILIES if not settings.families or family.name in settings.families]


def _lasting_faults(settings: Settings) -> Sequence[FaultRule]:
    """Return the faults that the settings put in force. Raises SettingsError."""
    if settings.fault_profile is None and not settings.fault_profiles:
        return ()
    from mockserver.engine.fault_profiles import ProfileError, profiles

    try:
        known = profiles(settings.fault_profiles)
    except ProfileError as error:
        raise SettingsError(f"fault_profiles: {error}") from None
    if settings.fault_profile is None:
        return ()
    if settings.fault_profile not in known:
        raise SettingsError(
            f"fault_profile: there is no {settings.fault_profile}; there are: {', '.join(sorted(known))}"
        )
    return known[settings.fault_profile].rules
