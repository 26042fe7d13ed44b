"""The faults that are in force: for one project, for all, and those of the settings."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mockserver.engine.clock import SECOND
from mockserver.engine.keys import Project
from mockserver.engine.store import Row, Store

if TYPE_CHECKING:  # making pydantic's models takes time, and most servers never have a fault
    from mockserver.engine.fault_rule import Asked, FaultRule, MessageFault, SessionFault

MOST = 1_000
"""Rules of one project, or for all: each request is held against every one."""
_OF_REQUESTS = frozenset(("delay", "reply"))
_OF_JOBS = _OF_REQUESTS | {"job", "webhook"}
_OF_SESSIONS = _OF_REQUESTS | {"session", "messages"}
_DECIDED = ("reply", "job", "webhook", "session", "messages")
_NOTHING = (None, 0)
_INSERT = "INSERT INTO faults (project, profile, body, met, fired) VALUES (?, ?, ?, 0, 0)"


class Fault(NamedTuple):
    """What becomes of one request: ``delay`` in microseconds, and the rules that decide the rest."""

    label: str
    delay: int = 0
    reply: FaultRule | None = None
    job: FaultRule | None = None
    webhook: str | None = None
    session: SessionFault | None = None
    messages: MessageFault | None = None


@dataclass(slots=True)
class Count:
    """How many requests of one project have met a rule, and how many got the fault."""

    met: int = 0
    fired: int = 0


@dataclass(slots=True, eq=False)
class ActiveRule:
    """A rule in force; ``project`` is None if it is for all, ``number`` is 0 for one that is not stored."""

    number: int
    project: int | None
    profile: str | None
    rule: FaultRule
    counts: dict[int, Count] = field(default_factory=dict)
    """By project: what one does changes nothing for another."""

    @property
    def fired(self) -> int:
        """Return how many requests got the fault."""
        return sum(count.fired for count in self.counts.values())

    @property
    def is_stored(self) -> bool:
        """Say whether its counts are stored: they decide what it does, and are of one project."""
        rule = self.rule
        return self.project is not None and bool(rule.after or rule.times or rule.probability < 1)


class Faults:
    """Rules by project. Where several match a request, the newest decides, a project's own before those for all.

    A delay, the reply, the job, its webhook, a session and its messages are decided apart from each other.
    """

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._seed = seed
        self._own: dict[int, list[ActiveRule]] = {}
        self._for_all: list[ActiveRule] = []
        self._always: list[ActiveRule] = []
        self.names: frozenset[str] = frozenset()
        """Every name that a fault can be asked for by."""
        self.reload()

    def split(self, key: str) -> tuple[str, str | None]:
        """Return an API key without the fault that it asks for, and that: ``key+server_error`` asks for one."""
        own, _, name = key.rpartition("+")
        return (own, name) if own and name in self.names else (key, None)

    def reload(self) -> None:
        """Read the stored rules anew; counts that are not stored stay."""
        before = {active.number: active.counts for active in self._stored()}
        self._own.clear()
        self._for_all = []
        for row in self._store.all("SELECT * FROM faults ORDER BY number DESC"):
            active = _active(row)
            if active.is_stored:
                active.counts[row["project"]] = Count(row["met"], row["fired"])
            else:
                active.counts = before.get(active.number, {})
            line = self._for_all if active.project is None else self._own.setdefault(active.project, [])
            line.append(active)

    def always(self, profile: str | None, rules: Iterable[FaultRule]) -> None:
        """Keep rules in force below all others, as the settings wish."""
        self._always = [ActiveRule(0, None, profile, rule) for rule in rules]

    def has_any(self, project: Project | None) -> bool:
        """Say whether a request of the project may get a fault."""
        return bool(self._for_all or self._always or (project is not None and project.id in self._own))

    def listed(self, project: Project | None) -> list[ActiveRule]:
        """Return the rules of a project, or those for all, newest first."""
        return list(self._line(project.id)) if project else [*self._for_all, *self._always]

    def _stored(self) -> Iterator[ActiveRule]:
        yield from self._for_all
        for line in self._own.values():
            yield from line

    def _effective(self, project: Project | None) -> Iterator[ActiveRule]:
        if project is not None:
            yield from self._own.get(project.id, ())
        yield from self._for_all
        yield from self._always

    def wants_params(self, project: Project | None) -> bool:
        """Say whether a rule asks for the JSON body."""
        return any(active.rule.params is not None for active in self._effective(project))

    def add(self, project: Project | None, rules: Sequence[FaultRule], profile: str | None = None) -> list[ActiveRule]:
        """Put rules in force, the first of them before the others."""
        owner = project.id if project else None
        made: list[ActiveRule] = []
        with self._store.all_or_nothing():
            for rule in reversed(rules):
                number = self._store.run(_INSERT, (owner, profile, rule.model_dump_json(exclude_unset=True))).lastrowid
                made.insert(0, ActiveRule(number or 0, owner, profile, rule))
        line = self._for_all if project is None else self._own.setdefault(project.id, [])
        line[:0] = made
        return made

    def has_room(self, project: Project | None) -> bool:
        """Say whether one more rule may be put in force."""
        return len(self._line(project.id if project else None)) < MOST

    def remove(self, number: int) -> None:
        """Take a stored rule out of force."""
        self._store.write("DELETE FROM faults WHERE number = ?", (number,))
        for active in [active for active in self._stored() if active.number == number]:
            self._keep(active.project, [other for other in self._line(active.project) if other is not active])

    def clear(self, project: Project | None, *, profiles_only: bool = False) -> int:
        """Remove the rules of a project, or those for all, and return how many there were."""
        owner = project.id if project else None
        condition = " AND profile IS NOT NULL" if profiles_only else ""
        done = self._store.write(f"DELETE FROM faults WHERE project IS ?{condition}", (owner,))
        self._keep(owner, [active for active in self._line(owner) if profiles_only and active.profile is None])
        return done.rowcount

    def _line(self, project: int | None) -> Sequence[ActiveRule]:
        return self._for_all if project is None else self._own.get(project, ())

    def _keep(self, project: int | None, rules: list[ActiveRule]) -> None:
        """Leave only these of a project's rules, or of those for all, in force."""
        if project is None:
            self._for_all = rules
        elif rules:
            self._own[project] = rules
        else:
            self._own.pop(project, None)

    def forget(self, project: int | None) -> None:
        """Remove the rules of a project; with None those of all, and for all."""
        if project is None:
            self._store.write("DELETE FROM faults")
            self._own.clear()
            self._for_all = []
        elif project in self._own:
            self._store.write("DELETE FROM faults WHERE project = ?", (project,))
            del self._own[project]
        for active in (*self._for_all, *self._always):
            if project is None:
                active.counts.clear()
            else:
                active.counts.pop(project, None)

    def find(self, number: int) -> ActiveRule | None:
        """Return a stored rule."""
        return next((active for active in self._stored() if active.number == number), None)

    def chosen(
        self, project: Project | None, asked: Asked, now: int, requested: FaultRule | None, *, makes_job: bool
    ) -> Fault | None:
        """Return what becomes of a request: what it asks for itself, and else what the rules say; None is nothing."""
        deciding: dict[str, tuple[FaultRule, int]] = {}
        labels = []
        of_session = asked.endings is not None
        free = _OF_SESSIONS if of_session else _OF_JOBS if makes_job else _OF_REQUESTS
        if requested is not None:
            deciding = dict.fromkeys(free & _aspects(requested, of_session), (requested, 0))
            labels += [requested.label] if deciding else []
        for active in self._effective(project):
            wanted = (free - deciding.keys()) & _aspects(active.rule, of_session)
            if not wanted or not active.rule.is_for(asked, now) or not active.rule.is_for_params(asked.params):
                continue
            met = self._fires(active, project)
            if met:
                deciding |= dict.fromkeys(wanted, (active.rule, met))
                labels.append(active.rule.label)
        return self._fault(", ".join(labels), deciding, project) if deciding else None

    def _fires(self, active: ActiveRule, project: Project | None) -> int:
        """Count a request that matches, and return its number if it gets the fault, or else 0."""
        rule, owner = active.rule, project.id if project else 0
        count = active.counts.setdefault(owner, Count())
        if rule.times is not None and count.fired >= rule.times:
            return 0
        count.met += 1
        fires = count.met > rule.after and self._is_hit(rule, project, count.met)
        count.fired += fires
        if active.is_stored:
            self._store.write(
                "UPDATE faults SET met = ?, fired = ? WHERE number = ?", (count.met, count.fired, active.number)
            )
        return count.met if fires else 0

    def _is_hit(self, rule: FaultRule, project: Project | None, met: int) -> bool:
        return rule.probability == 1 or self._chance(rule, project, met, "hit").random() < rule.probability

    def _fault(self, label: str, deciding: Mapping[str, tuple[FaultRule, int]], project: Project | None) -> Fault:
        delay = 0
        if "delay" in deciding:
            rule, met = deciding["delay"]
            chosen = rule.delay
            if chosen is not None and not isinstance(chosen, float):
                chosen = chosen.draw(self._chance(rule, project, met, "delay"))
            delay = round((chosen or 0.0) * SECOND)
        reply, job, webhook, session, messages = (deciding.get(name, _NOTHING)[0] for name in _DECIDED)
        return Fault(
            label,
            delay,
            reply,
            job,
            webhook.webhook if webhook else None,
            session.session if session else None,
            messages.messages if messages else None,
        )

    def _chance(self, rule: FaultRule, project: Project | None, met: int, what: str) -> random.Random:
        return random.Random(f"{self._seed}/{project.name if project else ''}/{rule.label}/{met}/{what}")


def _aspects(rule: FaultRule, of_session: bool) -> frozenset[str]:
    return rule.session_aspects if of_session else rule.aspects


def _active(row: Row) -> ActiveRule:
    from mockserver.engine.fault_rule import FaultRule

    rule = FaultRule.model_validate_json(row["body"])
    return ActiveRule(row["number"], row["project"], row["profile"], rule)
