"""Faults: put them in force, list them, take them out again; of one key's project, or of all."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from mockserver.control.context import EngineNeeded, ProjectNamed
from mockserver.engine import Engine
from mockserver.engine.fault_profiles import Profile, problem_of, profiles
from mockserver.engine.fault_rule import Connection, FaultRule
from mockserver.engine.faults import MOST, ActiveRule
from mockserver.engine.keys import Project
from mockserver.web.family import Family
from mockserver.web.injection import NAMED
from mockserver.web.replies import ApiError

router = APIRouter(prefix="/faults")
_CONNECTIONS = list(get_args(Connection))


async def _families(request: Request) -> tuple[Family, ...]:
    families: tuple[Family, ...] = request.app.state.families
    return families


FamiliesNeeded = Annotated[tuple[Family, ...], Depends(_families)]


class ProfileChoice(BaseModel):
    """The profile that is to be in force; null: none."""

    model_config = ConfigDict(extra="forbid", strict=True)
    profile: str | None


@router.get("")
async def show_all(engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """List the faults in force, the newest, which decides, first."""
    found = engine.faults.listed(project)
    in_force = next((active.profile for active in found if active.profile), None)
    return {"faults": [_view(engine, active) for active in found], "profile": in_force}


@router.post("", status_code=201)
async def add(
    asked: FaultRule, engine: EngineNeeded, families: FamiliesNeeded, project: ProjectNamed
) -> dict[str, Any]:
    """Put a fault in force."""
    asked = _spelled_out(asked)
    _check(asked, families)
    if not engine.faults.has_room(project):
        raise ApiError(409, f"there are {MOST} faults here already; delete one")
    now = project.clock.now() if project else engine.clock.now()
    return _view(engine, engine.faults.add(project, [asked.dated(now)])[0])


@router.delete("")
async def clear(engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Take every fault out of force; without a key those that are for all."""
    return {"removed": engine.faults.clear(project)}


@router.get("/names")
async def names(engine: EngineNeeded, families: FamiliesNeeded) -> dict[str, Any]:
    """List what there is to ask for by name."""
    services = [service for family in families for service in family.services]
    return {
        "errors": {service.name: list(service.wording.ERRORS) for service in services},
        "session_errors": {service.name: service.endings for service in services if service.endings},
        "connections": _CONNECTIONS,
        "faults": {name: dict(rule) for name, rule in NAMED.items()},
        "profiles": {name: profile.about for name, profile in _profiles(engine).items()},
    }


@router.put("/profile")
async def choose(asked: ProfileChoice, engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Put a ready-made set of faults in force, in place of the one before."""
    known = _profiles(engine)
    if asked.profile is not None and asked.profile not in known:
        raise ApiError(422, f"profile: there is no {asked.profile[:100]!r}; there are {', '.join(known)}")
    engine.faults.clear(project, profiles_only=True)
    if asked.profile is not None:
        now = project.clock.now() if project else engine.clock.now()
        engine.faults.add(project, [rule.dated(now) for rule in known[asked.profile].rules], asked.profile)
    return await show_all(engine, project)


@router.delete("/{number}")
async def remove(number: int, engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Take one fault out of force."""
    active = engine.faults.find(number)
    if active is None or (project is not None and active.project != project.id):
        raise ApiError(404, f"there is no fault {number}")
    engine.faults.remove(number)
    return {"removed": 1}


def _profiles(engine: Engine) -> dict[str, Profile]:
    return dict(profiles(engine.settings.fault_profiles))


def _spelled_out(rule: FaultRule) -> FaultRule:
    """Return a rule whose ``error`` is one of the named faults as what that does (ApiError)."""
    named = NAMED.get(rule.error or "")
    if named is None:
        return rule
    given = rule.model_dump(exclude_unset=True, exclude={"error"})
    if twice := given.keys() & named.keys():
        raise ApiError(422, f"{min(twice)}: {rule.error} has one already")
    try:
        return FaultRule.model_validate({"name": rule.error, **given, **named})
    except ValidationError as error:
        raise ApiError(422, f"error: {rule.error}: {problem_of(error)}") from None


def _check(rule: FaultRule, families: tuple[Family, ...]) -> None:
    """Refuse a rule that can never do anything (ApiError)."""
    services = [service for family in families for service in family.services]
    endings = {name for service in services for name in service.endings}
    known: dict[str, tuple[str | None, list[str]]] = {
        "family": (rule.family, [family.name for family in families]),
        "service": (rule.service, [service.name for service in services]),
        "error": (rule.error, sorted(endings.union(*(service.wording.ERRORS for service in services)))),
        "session.error": (rule.session.error if rule.session else None, sorted(endings)),
    }
    for field, (given, names) in known.items():
        if given is not None and given not in names:
            raise ApiError(422, f"{field}: there is no {given[:100]!r}; there are {', '.join(names)}{_more(field)}")


def _more(field: str) -> str:
    return f"; and the faults {', '.join(NAMED)}" if field == "error" else ""


def _view(engine: Engine, active: ActiveRule) -> dict[str, Any]:
    owner: Project | None = None if active.project is None else engine.keys.project(active.project)
    return {
        "id": active.number,
        "key": owner and owner.label,
        "profile": active.profile,
        **active.rule.shown(),
        "label": active.rule.label,
        "fired": active.fired,
    }
