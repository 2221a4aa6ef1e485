"""Migrations on both kinds of database: they build exactly the models, go up and down, and can be started twice."""

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from sentinel.coordination.job_table import open_job_table
from sentinel.domain.events import EventType
from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import Priority
from sentinel.domain.tools import ToolCallQuery
from sentinel.errors import ConfigurationError, StoreUnavailableError
from sentinel.main.migrate import bring_up_to_date
from sentinel.persistence.checkpointer import kept_threads, open_checkpointer
from sentinel.persistence.compaction import Compaction
from sentinel.persistence.database_url import libpq_url, normalise, psycopg_url
from sentinel.persistence.engine import create_engine as create_engine_of_ours
from sentinel.persistence.migrations import alembic_config, upgrade
from sentinel.persistence.tables import metadata
from sentinel.persistence.tool_call_store import SqlToolCallStore
from sentinel.testing.clock import FakeClock
from tests.support.processes import free_port
from tests.support.run_builders import (
    at,
    completed,
    failed_attempt,
    outside_call,
    request_record,
    served_attempt,
    tool_call,
)
from tests.support.stores import sql_stores_over


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind with nothing in it."""
    if request.param == "postgres":
        return str(request.getfixturevalue("fresh_postgres"))
    return f"sqlite:///{tmp_path / 'new' / 'sentinel.db'}"


@contextmanager
def _looking_at(database_url: str) -> Iterator[Connection]:
    url = normalise(database_url)
    engine = create_engine(url if url.get_backend_name() == "sqlite" else psycopg_url(url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _tables(database_url: str) -> set[str]:
    with _looking_at(database_url) as connection:
        return set(inspect(connection).get_table_names())


async def test_the_migrations_build_exactly_the_models(empty_url: str) -> None:
    await upgrade(empty_url)
    with _looking_at(empty_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    await asyncio.to_thread(command.check, alembic_config(empty_url))


async def test_names_conditions_and_checks_are_those_of_the_models(empty_url: str) -> None:
    """What alembic does not compare: the names of keys, the condition of the partial index, the check."""
    await upgrade(empty_url)
    with _looking_at(empty_url) as connection:
        found = inspect(connection)
        for table in metadata.sorted_tables:
            assert found.get_pk_constraint(table.name)["name"] == table.primary_key.name
            names = {key["name"]: key["options"].get("ondelete") for key in found.get_foreign_keys(table.name)}
            assert names == {str(key.name): key.ondelete for key in table.foreign_key_constraints}
        assert [check["name"] for check in found.get_check_constraints("runs")] == ["ck_runs_status"]
        assert [check["name"] for check in found.get_check_constraints("attempts")] == ["ck_attempts_one_owner"]
        assert [check["name"] for check in found.get_check_constraints("tool_calls")] == ["ck_tool_calls_one_owner"]
        [partial] = [index for index in found.get_indexes("runs") if index["name"] == "uq_runs_active_thread"]
        condition = str(partial["dialect_options"][f"{connection.dialect.name}_where"])
        assert "queued" in condition
        assert "running" in condition


async def test_the_way_down_leaves_nothing_and_the_way_up_again_works(empty_url: str) -> None:
    await upgrade(empty_url)
    await asyncio.to_thread(command.downgrade, alembic_config(empty_url), "base")
    assert _tables(empty_url) == {"alembic_version"}
    await upgrade(empty_url)
    assert _tables(empty_url) == {*metadata.tables, "alembic_version"}


async def test_attempts_survive_the_change_of_their_owners_and_the_way_back(empty_url: str) -> None:
    config = alembic_config(empty_url)
    await upgrade(empty_url)
    engine = create_engine_of_ours(empty_url)
    stores = sql_stores_over(engine, FakeClock())
    kept = served_attempt(cost_nanos=None, skipped_frames=0)  # what the oldest tables can hold
    async with stores.journal:
        ended = await stores.answer(await stores.ask(), completed(attempts=(failed_attempt(), kept)))
    await stores.requests.add([request_record()])
    await engine.dispose()

    await asyncio.to_thread(command.downgrade, config, "0001")
    with _looking_at(empty_url) as connection:
        assert connection.execute(text("SELECT count(*) FROM attempts")).scalar_one() == 2
    await upgrade(empty_url)
    engine = create_engine_of_ours(empty_url)
    stores = sql_stores_over(engine, FakeClock())
    assert await stores.runs.get("run-1") == ended
    assert (await stores.requests.list(outcome=None, trace_id=None, limit=1, cursor=None)).items == []
    await engine.dispose()


async def test_tool_calls_of_runs_survive_those_of_others_and_the_way_back(empty_url: str) -> None:
    await upgrade(empty_url)
    engine = create_engine_of_ours(empty_url)
    stores = sql_stores_over(engine, FakeClock())
    async with stores.journal:
        ended = await stores.answer(await stores.ask(), completed(tool_calls=(tool_call(), tool_call(result="7"))))
    await SqlToolCallStore(engine).add([outside_call()])
    await engine.dispose()

    await asyncio.to_thread(command.downgrade, alembic_config(empty_url), "0006")
    await upgrade(empty_url)
    engine = create_engine_of_ours(empty_url)
    assert await sql_stores_over(engine, FakeClock()).runs.get("run-1") == ended
    kept = await SqlToolCallStore(engine).list(ToolCallQuery())
    assert sorted(record.call_id for record in kept.items) == ["run-1/1", "run-1/2"]
    await engine.dispose()


async def test_logs_that_were_compacted_come_out_whole_on_the_way_down(empty_url: str) -> None:
    await upgrade(empty_url)
    engine = create_engine_of_ours(empty_url)
    stores = sql_stores_over(engine, FakeClock(now=at(86_400)))
    async with stores.journal:
        log = stores.journal.open(await stores.claim(await stores.ask()))
        for word in ("Hé", "", "llo 🙂", "!"):
            log.append(EventType.TOKEN, {"text": word, "message_id": "answer-1"})
            await log.flush()
        await log.finish(completed("Héllo 🙂!"))
    whole = await stores.events.read("run-1", after=0)
    compaction = Compaction(engine=engine, clock=FakeClock(now=at(86_400)), after=timedelta(hours=1))
    tidying = asyncio.create_task(compaction.tidy())
    async with asyncio.timeout(10):
        while not compaction.compacted:
            await asyncio.sleep(0.01)
    tidying.cancel()
    await engine.dispose()

    await asyncio.to_thread(command.downgrade, alembic_config(empty_url), "0009")
    with _looking_at(empty_url) as connection:
        kinds = connection.execute(text("SELECT type FROM run_events ORDER BY seq")).scalars().all()
    assert kinds == ["status", "token", "token", "token", "token", "completion"]
    await upgrade(empty_url)
    engine = create_engine_of_ours(empty_url)
    assert await sql_stores_over(engine, FakeClock()).events.read("run-1", after=0) == whole
    await engine.dispose()


def newest() -> str | None:
    """The revision that an upgrade leads to."""
    return ScriptDirectory.from_config(alembic_config("sqlite://")).get_current_head()


async def test_a_second_upgrade_changes_nothing(empty_url: str) -> None:
    await upgrade(empty_url)
    await upgrade(empty_url)
    with _looking_at(empty_url) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [newest()]


async def test_many_processes_may_migrate_at_once(empty_url: str) -> None:
    program = (
        f"import asyncio; from sentinel.persistence.migrations import upgrade; asyncio.run(upgrade({empty_url!r}))"
    )
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", program) for _ in range(3)]
    async with asyncio.timeout(50):
        assert [await process.wait() for process in processes] == [0, 0, 0]
    assert _tables(empty_url) == {*metadata.tables, "alembic_version"}


async def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_url: str, tmp_path: Path) -> None:
    config = alembic_config(empty_url)
    broken = tmp_path / "versions"
    broken.mkdir()
    (broken / "9999_broken.py").write_text(
        f'from alembic import op\nrevision = "9999"\ndown_revision = "{newest()}"\n'
        'def upgrade():\n    op.execute("CREATE TABLE half (x INTEGER)")\n    op.execute("nonsense")\n'
    )
    await upgrade(empty_url)
    script = Path(config.get_main_option("script_location") or "") / "versions"
    config.set_main_option("version_locations", f"{script};{broken}")
    config.set_main_option("path_separator", ";")
    with pytest.raises(Exception, match="nonsense"):
        await asyncio.to_thread(command.upgrade, config, "head")
    assert "half" not in _tables(empty_url)


@pytest.mark.parametrize("path", ["folder", "folder/file.db/inside.db"])
async def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file.db").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        await upgrade(f"sqlite:///{tmp_path / path}")


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, " * 1000)
    with pytest.raises(ConfigurationError, match="not a database"):
        await upgrade(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear reader")


async def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE threads (something TEXT)")
    other.close()
    with pytest.raises(ConfigurationError, match="already exists"):
        await upgrade(f"sqlite:///{path}")


async def test_a_database_of_a_newer_version_is_refused(empty_url: str) -> None:
    await upgrade(empty_url)
    with _looking_at(empty_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    with pytest.raises(ConfigurationError, match="9999"):
        await upgrade(empty_url)


async def test_a_new_database_file_is_private(tmp_path: Path) -> None:
    await upgrade(f"sqlite:///{tmp_path / 'sentinel.db'}")
    assert (tmp_path / "sentinel.db").stat().st_mode & 0o777 == 0o600


async def test_a_server_that_is_away_is_unavailable_and_its_password_stays_secret() -> None:
    url = f"postgresql://someone:hunter2@127.0.0.1:{free_port()}/sentinel"
    with pytest.raises(StoreUnavailableError) as failed:
        await upgrade(url)
    assert "hunter2" not in str(failed.value)


async def test_an_address_with_a_word_that_nobody_knows_is_refused_without_its_secrets() -> None:
    with pytest.raises(ConfigurationError, match='"nonsense"') as refused:
        await upgrade("postgresql://u@127.0.0.1:1/d?password=hunter2&nonsense=1")
    assert "hunter2" not in str(refused.value)


async def test_who_may_only_change_rows_can_work_where_the_owner_has_migrated(fresh_postgres: str) -> None:
    role = f"worker_{uuid4().hex}"
    await bring_up_to_date(fresh_postgres)
    _execute(
        fresh_postgres,
        "INSERT INTO checkpoint_migrations VALUES (999)",  # a newer version than this one has migrated, too
        f"CREATE ROLE {role} LOGIN",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    )
    own = normalise(fresh_postgres).set(username=role)
    try:
        await bring_up_to_date(libpq_url(own))
        async with open_checkpointer(libpq_url(own), Path("unused")) as saver:
            assert await kept_threads(saver) == set()
        async with open_job_table(libpq_url(own)) as table:
            await table.put(QueuedRun("run", "thread", Priority.INTERACTIVE))
            job = await table.take(await table.register())
            assert job is not None
            await table.remove([job.job_id])
    finally:
        _execute(fresh_postgres, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def _execute(database: str, *statements: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
