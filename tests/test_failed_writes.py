"""A database that refuses to write: nothing hangs, nothing that was answered is lost, and it goes on afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from mockserver.app import FAMILIES
from mockserver.engine import Engine
from mockserver.engine.history import Wanted
from mockserver.settings import Settings
from mockserver.web.courier import Courier
from mockserver.web.middleware import Gate
from tests.apis import Api, Family
from tests.conftest import each_family

URL = "https://example.com/a.mp3"


class Disk:
    """Takes the room from the database, and gives it back."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.store = engine.store

    def fill(self) -> None:
        row = self.store.one("PRAGMA page_count")
        assert row is not None
        self.store.run(f"PRAGMA max_page_count = {row[0]}")

    def empty(self) -> None:
        self.store.run("PRAGMA max_page_count = 1000000")


@asynccontextmanager
async def serving(data: Path, family: Family) -> AsyncIterator[tuple[httpx.AsyncClient, Disk]]:
    engine = Engine(Settings(data=data, log_requests=False))
    courier = Courier(engine, FAMILIES)

    def no_control() -> None:
        raise AssertionError("not asked here")

    gate = Gate(engine, courier, FAMILIES, no_control)  # type: ignore[arg-type]
    courier.start()
    transport = httpx.ASGITransport(gate, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        try:
            client.headers["Authorization"] = await authorization(client, family)
            yield client, Disk(engine)
        finally:
            await courier.stop()
            engine.close()


async def authorization(client: httpx.AsyncClient, family: Family) -> str:
    if family is Api:
        return "k"
    reply = await client.post("/auth/token", json={"api_key": "k"})
    return f"Bearer {reply.json()['access_token']}"


def run(scenario: Callable[[httpx.AsyncClient, Disk], Awaitable[None]], data: Path, family: Family = Api) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), serving(data, family) as (client, disk):
            await scenario(client, disk)

    asyncio.run(main())


async def submit(client: httpx.AsyncClient, url: str = URL, family: Family = Api) -> str:
    reply = await client.post(family.jobs_path, json=family.body(url))
    reply.raise_for_status()
    job: str = reply.json()[family.id_field]
    return job


async def status(client: httpx.AsyncClient, job: str, family: Family = Api) -> str:
    view = (await client.get(f"{family.jobs_path}/{job}")).json()
    return str(view.get("status") or view)


@each_family
def test_a_full_disk_is_told_to_everybody_and_ends_with_the_disk_being_full(family: Family, tmp_path: Path) -> None:
    said = {"assemblyai": "Server error, developers have been alerted.", "jobs": "internal_error"}[family.family]

    async def scenario(client: httpx.AsyncClient, disk: Disk) -> None:
        kept = await submit(client, family=family)
        assert await status(client, kept, family) == "completed"
        disk.fill()
        long = URL + "?" + "x" * 20_000
        refused = await asyncio.gather(*(client.post(family.jobs_path, json=family.body(long)) for _ in range(10)))
        assert {reply.status_code for reply in refused} == {500}
        assert refused[0].json() | {"message": ""} == {"error": said, "message": ""}
        disk.empty()
        again = [await submit(client, long, family) for _ in range(3)]
        assert len({kept, *again}) == 4
        for job in (kept, *again):
            assert await status(client, job, family) == "completed"

    run(scenario, tmp_path, family)


def test_a_new_key_whose_first_request_is_lost_can_try_again(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient, disk: Disk) -> None:
        # Until the first job is prepared, its own writes could fail too, and take the second request's along.
        assert await status(client, await submit(client)) == "completed"
        disk.fill()
        other = {"Authorization": "other"}
        body = {"audio_url": URL + "?" + "x" * 20_000}
        assert (await client.post("/v2/transcript", json=body, headers=other)).status_code == 500
        disk.empty()
        reply = await client.post("/v2/transcript", json=body, headers=other)
        assert reply.status_code == 200
        view = await client.get(f"/v2/transcript/{reply.json()['id']}", headers=other)
        assert view.json()["status"] == "completed"
        assert (await client.get(f"/v2/transcript/{reply.json()['id']}")).status_code == 400

    run(scenario, tmp_path)


def test_a_job_whose_preparation_is_lost_is_prepared_again(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text("match: {audio_url: '*/long.mp3'}\ntext: " + "word " * 20_000)

    async def scenario(client: httpx.AsyncClient, disk: Disk) -> None:
        job = await submit(client, "https://example.com/interview-of-hours.mp3")
        disk.fill()
        first = await status(client, job)
        disk.empty()
        assert first in ("completed", "queued") or "error" in first
        assert await status(client, job) == "completed"

    run(scenario, tmp_path)


def test_a_journal_that_cannot_be_written_costs_nobody_a_reply(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient, disk: Disk) -> None:
        disk.store = disk.engine.journal_store
        disk.fill()
        jobs = [await submit(client, f"{URL}?{number}" + "x" * 5_000) for number in range(5)]
        with suppress(sqlite3.Error):
            disk.engine.journal.flush()
        for job in jobs:
            assert await status(client, job) == "completed"
        with suppress(sqlite3.Error):
            disk.engine.journal.flush()
        disk.empty()
        assert await status(client, jobs[0]) == "completed"
        disk.engine.journal.flush()
        assert [found.job for found in disk.engine.history.page(Wanted(), 10)] == [jobs[0]]

    run(scenario, tmp_path)
