"""Where the sums are made: DuckDB inside this process, or a Spark session. Both take one SQL text and give Arrow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from salesopt.errors import DataError, ParameterError, Problem

MEMORY = "SALESOPT_MEMORY"
SPARK = ("spark://", "local", "yarn", "k8s://")
VIEW = "salesopt_sales"  # a name of our own: a Spark session may well have a view `sales` of its user's


class Session(Protocol):
    """Runs SQL on a table called `VIEW` whose columns are called c0, c1, ... in the order asked for."""

    kinds: dict[str, str]
    """Type of each column asked for, by its own name, in lower case."""

    def run(self, sql: str) -> pa.Table:
        """The answer to `sql`."""


@contextmanager
def open_session(engine: str, sales: Any, columns: Sequence[str]) -> Iterator[Session]:
    """A session of `engine` in which `VIEW` is the table or files given, with `columns` only; closed afterwards.

    engine : "duckdb"; "spark" for the Spark session that is active, or a Spark address ("spark://host:7077",
             "local[2]") to start one
    sales  : an Arrow table, a Parquet or CSV file, or a folder of either; with Spark also a Spark DataFrame

    DuckDB keeps to the memory limit in the environment variable SALESOPT_MEMORY ("2GB"), and spills to disk beyond it.
    Raises ParameterError for an engine that does not exist, DataError for a path that holds no table and for columns
    that are absent.
    """
    if engine == "duckdb":
        with _duckdb(sales, columns) as duck:
            yield duck
    elif engine == "spark" or engine.startswith(SPARK):
        with _spark(engine, sales, columns) as spark:
            yield spark
    else:
        raise ParameterError(f"engine must be auto, duckdb, spark, or a Spark address such as local[2], not {engine!r}")


def require_columns(present: Iterable[str], wanted: Sequence[str], file: str = "") -> None:
    """DataError that names every column of `wanted` that is not `present`."""
    there = set(present)
    problems = [
        Problem("sales", name, None, "", "this column, which is absent", file) for name in wanted if name not in there
    ]
    if problems:
        raise DataError(problems)


class _DuckSession:
    def __init__(self, connection: Any, kinds: dict[str, str]) -> None:
        self.connection = connection
        self.kinds = kinds

    def run(self, sql: str) -> pa.Table:
        return self.connection.sql(sql).to_arrow_table()


@contextmanager
def _duckdb(sales: Any, columns: Sequence[str]) -> Iterator[Session]:
    import duckdb

    settings: dict[str, Any] = {"preserve_insertion_order": "false"}
    if os.environ.get(MEMORY):
        settings["memory_limit"] = os.environ[MEMORY]
    connection = duckdb.connect(config=settings)
    try:
        if isinstance(sales, pa.Table):
            connection.register("given", sales)
            source = "given"
        else:
            source = _reader(sales)
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        kinds = {str(row[0]): str(row[1]).lower() for row in described}
        require_columns(kinds, columns, "" if isinstance(sales, pa.Table) else str(sales))
        chosen = ", ".join(f"{_quoted(name)} AS c{place}" for place, name in enumerate(columns))
        connection.execute(f"CREATE TEMP VIEW {VIEW} AS SELECT {chosen} FROM {source}")
        yield _DuckSession(connection, {name: kinds[name] for name in columns})
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise DataError(f"the sales table cannot be read: {error}") from error
    finally:
        connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _ticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def files_of(sales: Any) -> tuple[str, list[Path]]:
    """The kind ("parquet" or "csv") and the files of a path; DataError where it holds neither or both."""
    if not isinstance(sales, (str, os.PathLike)):
        raise DataError(f"sales must be a DataFrame or a path, not {type(sales).__name__}")
    path = Path(sales)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    kinds: dict[str, list[Path]] = {"parquet": [], "csv": []}
    for file in files:
        kind = file.name.lower().removesuffix(".gz").rsplit(".", 1)[-1]
        if kind in kinds and file.is_file():
            kinds[kind].append(file)
    found = [kind for kind, members in kinds.items() if members]
    if len(found) != 1:
        what = "both Parquet and CSV files" if found else "no Parquet or CSV file"
        raise DataError(f"{path}: {what} here; give one file or a folder of one kind")
    return found[0], kinds[found[0]]


def column_names(sales: Any) -> list[str]:
    """The columns of a DataFrame, a Spark DataFrame, or the first file of a path."""
    if hasattr(sales, "columns"):
        return [str(name) for name in sales.columns]
    kind, files = files_of(sales)
    if kind == "parquet":
        return list(pq.read_schema(files[0]).names)
    return [str(name) for name in pd.read_csv(files[0], nrows=0).columns]


def _reader(sales: Any) -> str:
    kind, files = files_of(sales)
    quoted = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    return f"read_{kind}([{quoted}], union_by_name = true)"


class _SparkSession:
    def __init__(self, session: Any, kinds: dict[str, str]) -> None:
        self.session = session
        self.kinds = kinds

    def run(self, sql: str) -> pa.Table:
        return self.session.sql(sql).toArrow()


@contextmanager
def _spark(engine: str, sales: Any, columns: Sequence[str]) -> Iterator[Session]:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ParameterError("engine 'spark' needs pyspark: pip install 'salesopt[spark]'") from error
    active = SparkSession.getActiveSession()
    if engine == "spark" and active is None:
        raise ParameterError("engine 'spark' needs an active Spark session; or give its address, such as local[2]")
    session = active or SparkSession.builder.master(engine).appName("salesopt").getOrCreate()
    try:
        table = _spark_table(session, sales)
        kinds = {name: kind.lower() for name, kind in table.dtypes}
        require_columns(kinds, columns)
        table.select(
            [table[_ticked(name)].alias(f"c{place}") for place, name in enumerate(columns)]
        ).createOrReplaceTempView(VIEW)
        yield _SparkSession(session, {name: kinds[name] for name in columns})
    finally:
        session.catalog.dropTempView(VIEW)
        if active is None:
            session.stop()


def _spark_table(session: Any, sales: Any) -> Any:
    if isinstance(sales, pa.Table):
        return session.createDataFrame(sales)
    if hasattr(sales, "createOrReplaceTempView"):
        return sales
    kind, files = files_of(sales)
    paths = [str(file.resolve()) for file in files]
    if kind == "parquet":
        return session.read.parquet(*paths)
    return session.read.csv(paths, header=True, inferSchema=True)
