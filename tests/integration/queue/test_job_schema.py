"""The tables of the queue: made once, whoever is first, and brought up to date by what the library ships."""

import asyncio

import psycopg
import pytest

from sentinel.coordination.job_schema import prepare_job_tables
from sentinel.errors import StoreUnavailableError
from tests.support.processes import free_port


def rows(database: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def run(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement.encode())


async def test_processes_that_start_at_once_make_the_tables_once(fresh_postgres: str) -> None:
    await asyncio.gather(*(prepare_job_tables(fresh_postgres) for _ in range(5)))
    assert rows(fresh_postgres, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]
    assert rows(fresh_postgres, "SELECT count(*) FROM sentinel_queue_sweeps") == [(1,)]


async def test_a_change_that_the_library_brings_is_applied_once(fresh_postgres: str) -> None:
    await prepare_job_tables(fresh_postgres)
    change = "03.02.00_50_post_batch_defer_jobs.sql"  # it drops a function of the version before
    run(fresh_postgres, "CREATE FUNCTION procrastinate_defer_job_v1() RETURNS void LANGUAGE sql AS 'SELECT 1'")
    run(fresh_postgres, f"DELETE FROM sentinel_queue_changes WHERE name = '{change}'")
    await prepare_job_tables(fresh_postgres)
    assert rows(fresh_postgres, "SELECT to_regproc('procrastinate_defer_job_v1') IS NULL") == [(True,)]
    run(fresh_postgres, "CREATE FUNCTION procrastinate_defer_job_v1() RETURNS void LANGUAGE sql AS 'SELECT 1'")
    await prepare_job_tables(fresh_postgres)
    assert rows(fresh_postgres, "SELECT to_regproc('procrastinate_defer_job_v1') IS NULL") == [(False,)]


async def test_tables_of_another_user_of_the_library_are_left_as_they_are(fresh_postgres: str) -> None:
    await prepare_job_tables(fresh_postgres)
    run(fresh_postgres, "DROP TABLE sentinel_queue_changes")
    await prepare_job_tables(fresh_postgres)
    assert rows(fresh_postgres, "SELECT count(*) > 30 FROM sentinel_queue_changes") == [(True,)]


async def test_a_database_that_is_away_is_said_to_be() -> None:
    with pytest.raises(StoreUnavailableError, match="the tables of the queue cannot be made"):
        await prepare_job_tables(f"postgresql://postgres@127.0.0.1:{free_port()}/none")
