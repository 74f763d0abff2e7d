"""Queries: parameters, results, destinations, scripts and changes of rows."""

import datetime
import decimal

from google.api_core.exceptions import BadRequest, Conflict
from google.cloud import bigquery

from step import equal, raises, step

UTC = datetime.timezone.utc
Scalar = bigquery.ScalarQueryParameter


@step("query with named parameters of every type", "parameterized-queries")
def named_parameters(bed):
    at = datetime.datetime(2024, 1, 2, 3, 4, 5, 6, UTC)
    values = [
        ("STRING", "text"),
        ("INT64", -(2**63)),
        ("FLOAT64", 0.1),
        ("NUMERIC", decimal.Decimal("1.5")),
        ("BIGNUMERIC", decimal.Decimal("0." + "1" * 38)),
        ("BOOL", True),
        ("BYTES", b"\x00\xff"),
        ("TIMESTAMP", at),
        ("DATE", at.date()),
        ("DATETIME", at.replace(tzinfo=None)),
        ("TIME", at.time()),
    ]
    parameters = [Scalar(f"p{index}", *value) for index, value in enumerate(values)]
    columns = ", ".join(f"@p{index} AS c{index}" for index in range(len(values)))
    rows = bed.query(f"SELECT {columns}", query_parameters=parameters)
    equal(rows[0], tuple(value for _, value in values))


@step("query with positional, array, struct and NULL parameters", "parameterized-queries")
def other_parameters(bed):
    parameters = [
        bigquery.ArrayQueryParameter(None, "INT64", [1, 2]),
        bigquery.StructQueryParameter(None, Scalar("x", "INT64", 7), Scalar("y", "STRING", "z")),
        Scalar(None, "STRING", None),
    ]
    rows = bed.query("SELECT ARRAY_LENGTH(?), (SELECT s.y FROM (SELECT ? AS s)), ? IS NULL", query_parameters=parameters)
    equal(rows, [(2, "z", True)])


@step("results of every type", "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types")
def result_types(bed):
    rows = bed.query(
        """SELECT 1.5, b'\\x00', JSON '{"a": [1]}', [1, 2], STRUCT(1 AS x, ['a'] AS y), NUMERIC '2.50',
             TIMESTAMP '2024-03-01 12:00:00+01', DATE '2024-03-01', INTERVAL 1 DAY, CAST('nan' AS FLOAT64) IS NULL"""
    )
    row = rows[0]
    equal(row[:4], (1.5, b"\x00", {"a": [1]}, [1, 2]))
    equal((row[4], row[5]), ({"x": 1, "y": ["a"]}, decimal.Decimal("2.5")))
    equal(row[6], datetime.datetime(2024, 3, 1, 11, tzinfo=UTC))
    equal((row[7], row[8].days, row[9]), (datetime.date(2024, 3, 1), 1, False))


@step("results by pages", "paging-results")
def pages(bed):
    job = bed.client.query("SELECT i FROM UNNEST(GENERATE_ARRAY(1, 25)) AS i ORDER BY i")
    rows = job.result(page_size=10)
    equal([page.num_items for page in rows.pages], [10, 10, 5])
    equal(rows.total_rows, 25)


@step("query_and_wait", "running-queries")
def query_and_wait(bed):
    rows = bed.client.query_and_wait("SELECT 1 AS one")
    equal([row.one for row in rows], [1])


@step("to_dataframe without the Storage Read API", "https://cloud.google.com/bigquery/docs/pandas-gbq-migration")
def frame_rest(bed):
    frame = bed.client.query(f"SELECT * FROM `{bed.id('events')}` ORDER BY id").to_dataframe(create_bqstorage_client=False)
    equal(list(frame["id"]), [1, 2, 3])
    equal(str(frame["at"].iloc[0]), "2024-03-01 04:05:06.123456+00:00")


@step("to_dataframe by the Storage Read API", "https://cloud.google.com/bigquery/docs/samples/bigquery-query-results-dataframe")
def frame_storage(bed):
    job = bed.client.query(f"SELECT * FROM `{bed.id('events')}` ORDER BY id")
    frame = job.to_dataframe(bqstorage_client=bed.reader)
    equal(list(frame["name"]), ["name 1", "name 2", "name 3"])
    equal(frame["amount"].iloc[1], decimal.Decimal("2.25"))


@step("to_arrow by both ways gives the same", "https://cloud.google.com/bigquery/docs/samples/bigquery-query-results-dataframe")
def arrow(bed):
    sql = f"SELECT id, name, amount, at, day, tags, item FROM `{bed.id('events')}` ORDER BY id"
    rest = bed.client.query(sql).to_arrow(create_bqstorage_client=False)
    storage = bed.client.query(sql).to_arrow(bqstorage_client=bed.reader)
    equal(rest.to_pylist(), storage.to_pylist())
    equal(rest.num_rows, 3)


@step("a large result by the Storage Read API", "https://cloud.google.com/bigquery/docs/reference/storage")
def large_result(bed):
    sql = "SELECT i, CONCAT('text ', i) AS t FROM UNNEST(GENERATE_ARRAY(1, 50000)) AS i"
    job = bed.client.query(sql)
    rows = job.result(page_size=1000)
    table = rows.to_arrow(bqstorage_client=bed.reader)
    equal((table.num_rows, sum(table["i"].to_pylist())), (50000, 50000 * 50001 // 2))
    assert job.destination is not None, "the job has no destination"
    equal(bed.client.get_table(job.destination).num_rows, 50000)


@step("a query into a table, with each write disposition", "writing-results")
def destinations(bed):
    target = bed.id("target")
    for disposition, expected in (("WRITE_EMPTY", 3), ("WRITE_APPEND", 6), ("WRITE_TRUNCATE", 3)):
        bed.query("SELECT id, name FROM events", destination=target, write_disposition=disposition)
        equal(bed.count("target"), expected)
    raises(Conflict, lambda: bed.query("SELECT 1 AS id", destination=target, write_disposition="WRITE_EMPTY"))


@step("a query into a table adds a column", "managing-table-schemas")
def destination_schema(bed):
    target = bed.id("grown")
    bed.query("SELECT 1 AS a", destination=target)
    bed.query(
        "SELECT 2 AS a, 'x' AS b",
        destination=target,
        write_disposition="WRITE_APPEND",
        schema_update_options=["ALLOW_FIELD_ADDITION"],
    )
    equal(bed.query("SELECT * FROM grown ORDER BY a"), [(1, None), (2, "x")])


@step("a query into a partition", "managing-partitioned-table-data")
def destination_partition(bed):
    by_day = bigquery.TimePartitioning(type_="DAY", field="day")
    bed.new_table("by_day", rows=3, time_partitioning=by_day)
    bed.query(
        "SELECT 9 AS id, DATE '2024-03-02' AS day",
        destination=f"{bed.id('by_day')}$20240302",
        write_disposition="WRITE_TRUNCATE",
    )
    equal(bed.query("SELECT id FROM by_day ORDER BY id"), [(1,), (3,), (9,)])


@step("a dry run says how many bytes it would read", "estimate-costs")
def dry_run(bed):
    sql = f"SELECT id FROM `{bed.id('events')}`"
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    job = bed.client.query(sql, job_config=config)
    equal(job.total_bytes_processed, 3 * 8)
    ran = bed.client.query(sql, job_config=bigquery.QueryJobConfig(use_query_cache=False))
    ran.result()
    equal(ran.total_bytes_processed, 3 * 8)
    equal(ran.total_bytes_billed, 10 * 1024 * 1024)


@step("a script with variables and a loop", "https://cloud.google.com/bigquery/docs/multi-statement-queries")
def script(bed):
    rows = bed.query("DECLARE n INT64 DEFAULT 0; WHILE n < 5 DO SET n = n + 1; END WHILE; SELECT n;")
    equal(rows, [(5,)])


@step("a script's child jobs", "https://cloud.google.com/bigquery/docs/multi-statement-queries")
def child_jobs(bed):
    job = bed.client.query("CREATE TEMP TABLE t AS SELECT 1 AS x; SELECT x FROM t;")
    equal([row.x for row in job.result()], [1])
    children = list(bed.client.list_jobs(parent_job=job))
    equal(len(children), 2)
    equal(sorted(child.statement_type for child in children), ["CREATE_TABLE_AS_SELECT", "SELECT"])


@step("INSERT, UPDATE, DELETE and their counts", "data-manipulation-language")
def dml(bed):
    bed.query("CREATE TABLE changed (id INT64, name STRING)")
    counts = []
    for sql in (
        "INSERT changed VALUES (1, 'one'), (2, 'two'), (3, 'three')",
        "UPDATE changed SET name = 'x' WHERE id > 1",
        "DELETE FROM changed WHERE id = 1",
    ):
        config = bigquery.QueryJobConfig(default_dataset=f"{bed.project}.{bed.dataset}")
        job = bed.client.query(sql, job_config=config)
        job.result()
        counts.append(job.num_dml_affected_rows)
    equal(counts, [3, 2, 1])
    equal(job.dml_stats.deleted_row_count, 1)


@step("MERGE and what it did", "https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#merge_statement")
def merge(bed):
    bed.query("CREATE TABLE merged AS SELECT 1 AS id, 'old' AS name UNION ALL SELECT 9, 'gone'")
    job = bed.client.query(
        """MERGE merged AS t USING (SELECT 1 AS id, 'new' AS name UNION ALL SELECT 2, 'added') AS s ON t.id = s.id
           WHEN MATCHED THEN UPDATE SET name = s.name
           WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)
           WHEN NOT MATCHED BY SOURCE THEN DELETE""",
        job_config=bigquery.QueryJobConfig(default_dataset=f"{bed.project}.{bed.dataset}"),
    )
    job.result()
    equal(bed.query("SELECT * FROM merged ORDER BY id"), [(1, "new"), (2, "added")])
    stats = job.dml_stats
    equal((stats.inserted_row_count, stats.updated_row_count, stats.deleted_row_count), (1, 1, 1))


@step("FOR SYSTEM_TIME AS OF now", "time-travel")
def time_travel(bed):
    equal(bed.query("SELECT COUNT(*) FROM events FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()"), [(3,)])


@step("an error names its place", "https://cloud.google.com/bigquery/docs/error-messages")
def bad_query(bed):
    error = raises(BadRequest, lambda: bed.query("SELECT idd FROM events"))
    assert "Unrecognized name: idd" in str(error) and "[1:8]" in str(error), error


@step("INFORMATION_SCHEMA", "information-schema-intro")
def information_schema(bed):
    rows = bed.query(f"SELECT column_name, data_type FROM {bed.dataset}.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'events' ORDER BY ordinal_position")
    equal(rows[:2], [("id", "INT64"), ("name", "STRING")])
