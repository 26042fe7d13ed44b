"""Which projects have audio to remove, and when to look for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.engine.clock import SECOND, Timeline

if TYPE_CHECKING:
    from mockserver.engine.project import Project


class Keeping:
    """The projects that have audio to remove at some time; they are looked through only when it may be time for some.

    Thousands of tests with a key each leave as many projects here for a day.
    """

    def __init__(self, time: Timeline) -> None:
        self._time = time
        self._projects: dict[int, Project] = {}
        self._next_look: int | None = None

    def note(self, project: Project) -> None:
        """Take note of when the audio of a project is to be removed next, or that there is none."""
        if project.next_expiry is None:
            self._projects.pop(project.id, None)
        else:
            self._projects[project.id] = project
            self._look_for(project, project.next_expiry)

    def look_again(self) -> None:
        """Look through all of them next time: clocks were moved."""
        self._next_look = self._time.now()

    def due(self) -> list[Project]:
        """Return the projects whose time has come; each is to be noted anew."""
        if self._next_look is None or self._time.now() < self._next_look:
            return []
        self._next_look = None
        due = []
        for project in self._projects.values():
            expiry = project.next_expiry
            if expiry is not None and expiry <= project.clock.now():
                due.append(project)
            elif expiry is not None:
                self._look_for(project, expiry)
        return due

    def next_look_in(self) -> float | None:
        """Return the real seconds until it may be time for one of them, None if it will not be."""
        return None if self._next_look is None else self._time.real_seconds_until(self._next_look)

    def _look_for(self, project: Project, expiry: int) -> None:
        wait = project.clock.real_seconds_until(expiry)
        if wait is None:  # its clock stands still
            return
        moment = self._time.now() + round(wait * SECOND)
        self._next_look = moment if self._next_look is None else min(self._next_look, moment)
