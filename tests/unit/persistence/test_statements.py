"""Statements cost more to compile than to execute, so each is compiled once."""

from typing import Any

from sqlalchemy import create_engine, select

from sentinel.persistence.statements import DatabaseNow


def test_a_statement_that_asks_for_the_databases_time_is_compiled_once() -> None:
    """Every claim of a run has one; SQLAlchemy keeps no statement with an element that it cannot tell apart."""
    compiled: dict[Any, Any] = {}
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        connection = opened.execution_options(compiled_cache=compiled)
        times = [connection.scalar(select(DatabaseNow())) for _ in range(2)]
    engine.dispose()
    assert times[0] is not None
    assert len(compiled) == 1
