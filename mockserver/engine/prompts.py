"""What was asked of a language model about transcripts, with the answers."""

from __future__ import annotations

from typing import Any

import orjson

from mockserver.engine.keys import Keys, Project
from mockserver.engine.store import Store


class Prompts:
    """The prompts of every project."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    def keep(self, project: Project, prompt: dict[str, Any]) -> str:
        """Store a prompt with its answer, and return its id."""
        identifier = self._keys.next_prompt_id(project)
        self._store.write(
            "INSERT INTO prompts (id, project, created, body) VALUES (?, ?, ?, ?)",
            (identifier, project.id, project.clock.now(), orjson.dumps(prompt).decode()),
        )
        return identifier

    def find(self, project: Project, identifier: str) -> tuple[int, dict[str, Any]] | None:
        """Return when a prompt of a project was made, and the prompt."""
        row = self._store.one("SELECT * FROM prompts WHERE id = ? AND project = ?", (identifier, project.id))
        return (row["created"], orjson.loads(row["body"])) if row else None

    def remove(self, project: Project, identifier: str) -> str:
        """Remove a prompt, and return an id for the removal."""
        self._store.write("DELETE FROM prompts WHERE id = ? AND project = ?", (identifier, project.id))
        return self._keys.next_prompt_id(project)

    def forget(self, project: int | None) -> None:
        """Remove the prompts of a project; with None those of all."""
        self._store.write("DELETE FROM prompts WHERE :project IS NULL OR project = :project", {"project": project})
