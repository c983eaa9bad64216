"""Tables of the Common Data Model in DuckDB, or in any database that SQLAlchemy reaches: read only, by parameters."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd

from relapse_model.cohort.readers.omop.tables import CHUNK, Query, text_table
from relapse_model.cohort.readers.packages import needed
from relapse_model.errors import Problem, SourceError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_REFUSED = "the OMOP source was refused"
_NUMERIC = re.compile(r"INT|NUMERIC|DECIMAL|DOUBLE|FLOAT|REAL", re.IGNORECASE)
_PARAMETERS = 500  # values of one condition: some databases take no more than 1,000


def as_stored(value: str, numeric: bool) -> object | None:
    """Return a value as a column holds it; None where it can hold no such value."""
    if not numeric:
        return value
    try:
        return int(value)
    except ValueError:
        return None


class DuckTables:
    """The tables of a DuckDB file.

    Parameters
    ----------
    path : Path
    schemas : mapping of str to str
        ``"cdm"`` and ``"cohort"``; empty: the main one.
    chunk : int
    """

    def __init__(self, path: Path, schemas: Mapping[str, str], chunk: int = CHUNK):
        duckdb = needed("duckdb", "reading a DuckDB file")
        self.chunk, self.schemas = chunk, schemas
        self._known: dict[str, tuple[str, dict[str, tuple[str, bool]]]] = {}
        try:
            self._connection = duckdb.connect(str(path), read_only=True)
        except duckdb.Error as error:
            problem = Problem(
                path.name,
                None,
                None,
                f"it cannot be opened ({type(error).__name__})",
                "a DuckDB file",
                "Export it again",
            )
            raise SourceError(_REFUSED, [problem]) from None
        self._error = duckdb.Error
        ((catalog,),) = self._connection.execute("SELECT current_database()").fetchall()
        for (schema, table), columns in self._found().items():
            own = self.schemas.get("cohort" if table.lower() == "cohort" else "cdm") or "main"
            if schema.lower() == own.lower():
                named = f"{_quoted(catalog)}.{_quoted(schema)}.{_quoted(table)}"
                self._known[table.lower()] = named, {name.lower(): (name, numeric) for name, numeric in columns}

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table in lower case; none where there is no such table."""
        return tuple(self._known[table][1]) if table in self._known else ()

    def chunks(self, query: Query) -> Iterator[pd.DataFrame]:
        """Yield rows as texts, empty where there is nothing."""
        named, columns = self._known[query.table]
        chosen = ", ".join(_quoted(columns[name][0]) for name in query.columns)
        where, values = self._where(query, columns)
        for rows in self._fetched(f"SELECT {chosen} FROM {named}{where}", values):
            yield text_table(rows, query.columns)

    def counts(self, table: str, column: str, cohort: int | None) -> Counter[str]:
        """Return how many rows have each value of a column."""
        named, columns = self._known[table]
        where, values = self._where(Query(table, (column,), cohort=cohort), columns)
        own = _quoted(columns[column][0])
        found: Counter[str] = Counter()
        for rows in self._fetched(f"SELECT {own}, COUNT(*) FROM {named}{where} GROUP BY {own}", values):
            for text, count in text_table(rows, ("value", "count")).itertuples(index=False):
                found[text] += int(count)
        return found

    def counts_of(self, table: str, columns: tuple[str, ...]) -> Counter[tuple[str, ...]]:
        """Return how many rows have each combination of values of some columns."""
        named, known = self._known[table]
        own = ", ".join(_quoted(known[column][0]) for column in columns)
        return _summed(self._fetched(f"SELECT {own}, COUNT(*) FROM {named} GROUP BY {own}", []), columns)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _found(self) -> dict[tuple[str, str], list[tuple[str, bool]]]:
        found: dict[tuple[str, str], list[tuple[str, bool]]] = {}
        columns = "table_schema, table_name, column_name, data_type"
        own = "FROM information_schema.columns WHERE table_catalog = current_database() ORDER BY ordinal_position"
        for rows in self._fetched(f"SELECT {columns} {own}", []):
            for schema, table, column, kind in rows:
                found.setdefault((schema, table), []).append((column, bool(_NUMERIC.search(kind))))
        return found

    def _where(self, query: Query, columns: Mapping[str, tuple[str, bool]]) -> tuple[str, list[object]]:
        parts, values = [], []
        for column, texts in query.among.items():
            name, numeric = columns[column]
            stored = [one for text in texts if (one := as_stored(text, numeric)) is not None]
            parts.append(f"{_quoted(name)} IN ({', '.join('?' * len(stored))})" if stored else "FALSE")
            values += stored
        if query.cohort is not None:
            named, own = self._known["cohort"]
            parts.append(
                f"{_quoted(columns['person_id'][0])} IN (SELECT {_quoted(own['subject_id'][0])} FROM {named} "
                f"WHERE {_quoted(own['cohort_definition_id'][0])} = ?)"
            )
            values.append(query.cohort)
        return (f" WHERE {' AND '.join(parts)}" if parts else ""), values

    def _fetched(self, sql: str, values: list[object]) -> Iterator[list[tuple[Any, ...]]]:
        try:
            cursor = self._connection.cursor().execute(sql, values)
            while rows := cursor.fetchmany(self.chunk):
                yield rows
        except self._error as error:
            problem = Problem(
                "DuckDB", None, None, f"a query failed ({type(error).__name__})", "a sound file", "Export it again"
            )
            raise SourceError(_REFUSED, [problem]) from None


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


class SqlTables:
    """The tables of a database, by its URL.

    Parameters
    ----------
    url : str
        Of SQLAlchemy, such as ``postgresql+psycopg://user@host/database``. It is in no message, and so its password.
    schemas : mapping of str to str
        ``"cdm"`` and ``"cohort"``; empty: the default one.
    chunk : int
    """

    def __init__(self, url: str, schemas: Mapping[str, str], chunk: int = CHUNK):
        self._sql = needed("sqlalchemy", "reading a database")
        self.chunk, self.schemas = chunk, schemas
        self._known: dict[str, Any] = {}
        with self._safely(url, "the address of a database that can be reached"):
            address = self._sql.make_url(url)
            if address.get_backend_name() == "postgresql" and "+" not in address.drivername:
                address = address.set(drivername="postgresql+psycopg")
            if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
                raise ValueError("no such file")
            self._secrets = _secrets(url, address.password, address.query)
            self._engine = self._sql.create_engine(address, hide_parameters=True, poolclass=self._sql.pool.NullPool)
            options = {"postgresql_readonly": True} if address.get_backend_name() == "postgresql" else {}
            self._connection = self._engine.connect().execution_options(**options)
            try:
                if address.get_backend_name() == "sqlite":
                    self._connection.exec_driver_sql("PRAGMA query_only = ON")
                self._inspector = self._sql.inspect(self._connection)
                self._names = {kind: self._tables_in(schemas.get(kind) or None) for kind in ("cdm", "cohort")}
            except BaseException:
                self.close()
                raise

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table in lower case; none where there is no such table."""
        known = self._table(table)
        return () if known is None else tuple(name.lower() for name in known.columns.keys())  # noqa: SIM118

    def chunks(self, query: Query) -> Iterator[pd.DataFrame]:
        """Yield rows as texts, empty where there is nothing."""
        chosen = [self._column(query.table, name) for name in query.columns]
        for rows in self._fetched(self._sql.select(*chosen).where(*self._conditions(query))):
            yield text_table(rows, query.columns)

    def counts(self, table: str, column: str, cohort: int | None) -> Counter[str]:
        """Return how many rows have each value of a column."""
        own, query = self._column(table, column), Query(table, (column,), cohort=cohort)
        counted = self._sql.select(own, self._sql.func.count()).where(*self._conditions(query)).group_by(own)
        found: Counter[str] = Counter()
        for rows in self._fetched(counted):
            for text, count in text_table(rows, ("value", "count")).itertuples(index=False):
                found[text] += int(count)
        return found

    def counts_of(self, table: str, columns: tuple[str, ...]) -> Counter[tuple[str, ...]]:
        """Return how many rows have each combination of values of some columns."""
        own = [self._column(table, column) for column in columns]
        return _summed(self._fetched(self._sql.select(*own, self._sql.func.count()).group_by(*own)), columns)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        self._engine.dispose()

    def _tables_in(self, schema: str | None) -> dict[str, str]:
        names = [*self._inspector.get_table_names(schema), *self._inspector.get_view_names(schema)]
        return {name.lower(): name for name in names}

    def _table(self, table: str) -> Any:
        """Return a table with its columns; None where there is none."""
        kind = "cohort" if table == "cohort" else "cdm"
        if table not in self._known and table in self._names[kind]:
            schema = self.schemas.get(kind) or None
            with self._safely("", "a table that can be read"):
                columns = [
                    self._sql.column(self._sql.sql.quoted_name(one["name"], quote=True), one["type"])
                    for one in self._inspector.get_columns(self._names[kind][table], schema)
                ]
            self._known[table] = self._sql.table(
                self._sql.sql.quoted_name(self._names[kind][table], quote=True), *columns, schema=schema
            )
        return self._known.get(table)

    def _column(self, table: str, name: str) -> Any:
        return next(one for one in self._table(table).columns if one.name.lower() == name)

    def _conditions(self, query: Query) -> list[Any]:
        conditions = []
        for column, texts in query.among.items():
            own = self._column(query.table, column)
            numeric = bool(_NUMERIC.search(str(own.type)))
            stored = [one for text in texts if (one := as_stored(text, numeric)) is not None]
            parts = [own.in_(stored[at : at + _PARAMETERS]) for at in range(0, len(stored), _PARAMETERS)]
            conditions.append(self._sql.or_(*parts) if parts else self._sql.false())
        if query.cohort is not None:
            chosen = self._sql.select(self._column("cohort", "subject_id"))
            chosen = chosen.where(self._column("cohort", "cohort_definition_id") == query.cohort)
            conditions.append(self._column(query.table, "person_id").in_(chosen))
        return conditions

    def _fetched(self, statement: Any) -> Iterator[list[Any]]:
        with self._safely("", "tables that can be read"):
            options = {"stream_results": True, "max_row_buffer": self.chunk}
            result = self._connection.execute(statement, execution_options=options)
            for rows in result.partitions(self.chunk):
                yield list(rows)

    @contextlib.contextmanager
    def _safely(self, url: str, expected: str) -> Iterator[None]:
        """Turn what a driver raises into a refusal without its address, its password and its values."""
        try:
            yield
        except SourceError:
            raise
        except (self._sql.exc.SQLAlchemyError, ImportError, ValueError, OSError) as error:
            secrets = _secrets(url) if url else self._secrets
            problem = Problem("database", None, None, f"it failed ({_said(error, secrets)})", expected)
            raise SourceError(_REFUSED, [problem]) from None


def _secrets(url: str, password: object = None, query: Mapping[str, object] | None = None) -> tuple[str, ...]:
    """Return everything in an address that no message may hold: the address, its passwords, as written and decoded."""
    held = [url, str(password or "")]
    held += [str(value) for name, value in (query or {}).items() if "pass" in name.lower() or "key" in name.lower()]
    if found := re.search(r"//[^/@]*?:(.*)@", url):
        held.append(found[1])
    every = {form for text in held for form in (text, unquote(text)) if form}
    return tuple(sorted(every, key=len, reverse=True))


def _said(error: BaseException, secrets: tuple[str, ...]) -> str:
    """Return the kind of an error, and the first line of what a driver said where it holds no secret."""
    own = getattr(error, "orig", None)
    name = type(own or error).__name__
    if own is None:
        return name
    line = " ".join(str(own).split("\n", 1)[0].split())[:160]
    return name if not line or any(secret in line for secret in secrets) else f"{name}: {line}"


def _summed(parts: Iterable[Sequence[Sequence[object]]], columns: tuple[str, ...]) -> Counter[tuple[str, ...]]:
    """Return the sums of counts of rows of a database, which end with their count, by their values as texts."""
    found: Counter[tuple[str, ...]] = Counter()
    for rows in parts:
        for *values, count in text_table(rows, (*columns, "")).itertuples(index=False, name=None):
            found[tuple(values)] += int(count)
    return found
