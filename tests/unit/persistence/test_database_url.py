"""What a DATABASE_URL may look like, and what it means for each driver."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from sentinel.errors import ConfigurationError
from sentinel.persistence.database_url import (
    asyncpg_url,
    is_sqlite,
    libpq_url,
    normalise,
    psycopg_url,
    sqlite_file,
)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("sqlite:///data/sentinel.db", "data/sentinel.db"),
        ("sqlite:////var/lib/sentinel.db", "/var/lib/sentinel.db"),
        ("sqlite+aiosqlite:///x.db", "x.db"),
        ("data/sentinel.db", "data/sentinel.db"),
        ("/a folder/s.sqlite3", "/a folder/s.sqlite3"),
    ],
)
def test_a_sqlite_database_is_named_by_url_or_path(given: str, path: str) -> None:
    url = normalise(given)
    assert is_sqlite(url)
    assert (url.drivername, sqlite_file(url)) == ("sqlite+pysqlite", Path(path))


@pytest.mark.parametrize(
    "given", ["postgres://u:p%40s@h:1/d", "postgresql://u:p%40s@h:1/d", "postgresql+psycopg://u:p%40s@h:1/d"]
)
def test_a_postgresql_database_goes_through_asyncpg_whatever_driver_is_named(given: str) -> None:
    url = normalise(given)
    assert not is_sqlite(url)
    assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://u:p%40s@h:1/d"
    assert libpq_url(url).partition("?")[0] == "postgresql://u:p%40s@h:1/d"


def test_each_driver_gets_its_own_word_for_tls() -> None:
    url = normalise("postgresql://h/d?sslmode=require")
    assert asyncpg_url(url)[1] == {"dsn": "postgresql://?sslmode=require"}
    assert psycopg_url(url).query == {"sslmode": "require"}
    assert conninfo_to_dict(libpq_url(url))["sslmode"] == "require"
    assert normalise("postgresql://h/d?ssl=require") == url


def test_asyncpg_gets_those_words_of_libpq_that_it_knows_and_none_that_it_would_stumble_over() -> None:
    words = "channel_binding=require&connect_timeout=5&keepalives=1&gssencmode=disable&sslrootcert=/ca.pem&host=i"
    address, arguments = asyncpg_url(normalise(f"postgresql://u@h/d?{words}&application_name=shop&options=-c%20a%3Db"))
    assert address.render_as_string() == "postgresql+asyncpg://u@h/d?host=i"
    assert arguments == {
        "dsn": "postgresql://?sslrootcert=%2Fca.pem",
        "server_settings": {"application_name": "shop", "options": "-c a=b"},
    }


def test_connections_of_libpq_end_when_the_network_is_silent() -> None:
    said = conninfo_to_dict(libpq_url(normalise("postgresql://u@h/d?sslmode=require")))
    assert said == {
        "user": "u",
        "host": "h",
        "dbname": "d",
        "sslmode": "require",
        "keepalives": "1",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
        "tcp_user_timeout": "10000",
    }


@pytest.mark.parametrize(
    "given",
    [
        "mysql://u:hunter2@h/d",
        "hunter2",
        "",
        "sqlite://",
        "sqlite:///:memory:",
        "http://x",
        "postgresql://u:p@hunter2@h/d",
    ],
)
def test_any_other_database_is_refused_without_repeating_the_secret(given: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as refused:
        normalise(given)
    assert "hunter2" not in str(refused.value)
