"""Loads from files, text and data frames; rows one by one; copies and extracts."""

import datetime
import decimal
import gzip
import io
import tempfile

import fastavro
import pandas
import pyarrow
import pyarrow.parquet
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from bed import EVENTS, event
from step import equal, raises, step

PAIR = [bigquery.SchemaField("id", "INT64"), bigquery.SchemaField("name", "STRING")]
CSV = b"id,name\n1,one\n2,two\n"


def load(bed, table, data: bytes, **config):
    job_config = bigquery.LoadJobConfig(**config)
    job = bed.client.load_table_from_file(io.BytesIO(data), bed.id(table), job_config=job_config)
    return job.result(timeout=30)


@step("load a CSV file with a schema", "loading-data-cloud-storage-csv")
def csv(bed):
    job = load(bed, "csv", CSV, schema=PAIR, source_format="CSV", skip_leading_rows=1)
    equal((job.output_rows, job.input_files), (2, 1))
    equal(bed.query("SELECT * FROM csv ORDER BY id"), [(1, "one"), (2, "two")])


@step("load a CSV file with detection", "schema-detect")
def csv_detected(bed):
    load(bed, "detected", CSV, autodetect=True, source_format="CSV")
    types = [field.field_type for field in bed.client.get_table(bed.id("detected")).schema]
    equal(types, ["INTEGER", "STRING"])


@step("load a CSV file with gzip", "loading-data-cloud-storage-csv")
def csv_gzip(bed):
    load(bed, "zipped", gzip.compress(CSV), schema=PAIR, source_format="CSV", skip_leading_rows=1)
    equal(bed.count("zipped"), 2)


@step("a bad CSV row is named, and max_bad_records skips it", "loading-data-cloud-storage-csv")
def bad_csv(bed):
    data = b"1,one\nx,two\n"
    error = raises(BadRequest, lambda: load(bed, "bad", data, schema=PAIR, source_format="CSV"))
    assert error.errors, error
    job = load(bed, "bad", data, schema=PAIR, source_format="CSV", max_bad_records=1)
    equal(job.output_rows, 1)


@step("load newline-delimited JSON from a file by its name", "loading-data-cloud-storage-json")
def json_file(bed):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(b'{"id": 1, "name": "one"}\n{"id": 2}\n')
        file.flush()
        with open(file.name, "rb") as source:
            config = bigquery.LoadJobConfig(schema=PAIR, source_format="NEWLINE_DELIMITED_JSON")
            bed.client.load_table_from_file(source, bed.id("lines"), job_config=config).result()
    equal(bed.query("SELECT * FROM lines ORDER BY id"), [(1, "one"), (2, None)])


@step("load rows from JSON objects", "loading-data-cloud-storage-json")
def json_rows(bed):
    rows = [event(number) for number in (1, 2)]
    config = bigquery.LoadJobConfig(schema=EVENTS)
    bed.client.load_table_from_json(rows, bed.id("objects"), job_config=config).result()
    equal(bed.query("SELECT tags[0], item.sku FROM objects WHERE id = 2"), [("a", "sku-2")])


@step("load Parquet", "loading-data-cloud-storage-parquet")
def parquet(bed):
    table = pyarrow.table(
        {
            "id": [1, 2],
            "name": ["one", None],
            "at": pyarrow.array([0, 1], pyarrow.timestamp("us", "UTC")),
            "amount": pyarrow.array([decimal.Decimal("1.50"), None], pyarrow.decimal128(10, 2)),
            "tags": [["a"], []],
        }
    )
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    load(bed, "parquet", sink.getvalue(), source_format="PARQUET")
    equal(
        bed.query("SELECT id, name, UNIX_MICROS(at), amount FROM parquet ORDER BY id"),
        [(1, "one", 0, decimal.Decimal("1.5")), (2, None, 1, None)],
    )


@step("load Avro", "loading-data-cloud-storage-avro")
def avro(bed):
    schema = {
        "type": "record",
        "name": "row",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "name", "type": ["null", "string"]},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
        ],
    }
    at = datetime.datetime(2024, 1, 2, 3, 4, 5, 6, datetime.timezone.utc)
    rows = [
        {"id": 2**60 + 1, "name": "one", "at": at, "day": at.date(), "tags": ["a", "b"]},
        {"id": 2, "name": None, "at": at, "day": at.date(), "tags": []},
    ]
    sink = io.BytesIO()
    fastavro.writer(sink, schema, rows, codec="deflate")
    load(bed, "avro", sink.getvalue(), source_format="AVRO", use_avro_logical_types=True)
    equal(
        bed.query("SELECT id, name, at, day, ARRAY_LENGTH(tags) FROM avro ORDER BY id DESC"),
        [(2**60 + 1, "one", at, at.date(), 2), (2, None, at, at.date(), 0)],
    )


@step("load a data frame", "https://cloud.google.com/bigquery/docs/pandas-gbq-migration")
def data_frame(bed):
    frame = pandas.DataFrame(
        {
            "id": [1, 2],
            "name": ["one", None],
            "at": pandas.to_datetime(["2024-01-01", "2024-01-02"], utc=True),
            "ratio": [0.5, float("nan")],
        }
    )
    bed.client.load_table_from_dataframe(frame, bed.id("frame")).result()
    equal(bed.query("SELECT COUNT(*), MAX(at) FROM frame")[0][0], 2)
    types = [field.field_type for field in bed.client.get_table(bed.id("frame")).schema]
    equal(types, ["INTEGER", "STRING", "TIMESTAMP", "FLOAT"])


@step("load with each write disposition", "managing-table-data")
def dispositions(bed):
    for disposition, expected in (("WRITE_EMPTY", 2), ("WRITE_APPEND", 4), ("WRITE_TRUNCATE", 2)):
        config = {"schema": PAIR, "skip_leading_rows": 1, "source_format": "CSV"}
        load(bed, "disposed", CSV, write_disposition=disposition, **config)
        equal(bed.count("disposed"), expected)


@step("a load adds a column", "managing-table-schemas")
def schema_update(bed):
    bed.new_table("widened", schema=PAIR)
    data = b'{"id": 1, "extra": 1.5}\n'
    extra = [*PAIR, bigquery.SchemaField("extra", "FLOAT64")]
    config = {"schema": extra, "source_format": "NEWLINE_DELIMITED_JSON"}
    raises(BadRequest, lambda: load(bed, "widened", data, **config))
    load(bed, "widened", data, schema_update_options=["ALLOW_FIELD_ADDITION"], **config)
    equal(bed.query("SELECT * FROM widened"), [(1, None, 1.5)])


@step("insert rows as JSON", "streaming-data-into-bigquery")
def insert_rows(bed):
    table = bed.new_table("inserted")
    equal(bed.client.insert_rows_json(table, [event(1), event(2)]), [])
    equal(bed.client.insert_rows(table, [(3, "three", None, None, None, [], None)]), [])
    errors = bed.client.insert_rows_json(table, [event(4), {"id": "x"}])
    equal(sorted(error["index"] for error in errors), [0, 1])
    equal(bed.count("inserted"), 3)


@step("insert the rows of a data frame", "streaming-data-into-bigquery")
def insert_frame(bed):
    table = bed.new_table("inserted_frame", schema=PAIR)
    frame = pandas.DataFrame({"id": [1, 2], "name": ["one", None]})
    equal(bed.client.insert_rows_from_dataframe(table, frame), [[]])
    equal(bed.count("inserted_frame"), 2)


@step("copy tables", "managing-tables")
def copy(bed):
    source = bed.id("events")
    bed.client.copy_table(source, bed.id("copied")).result()
    equal(bed.count("copied"), 3)
    config = bigquery.CopyJobConfig(write_disposition="WRITE_APPEND")
    bed.client.copy_table([source, source], bed.id("copied"), job_config=config).result()
    equal(bed.count("copied"), 9)


@step("extract a table and load the files again", "exporting-data")
def extract(bed):
    for kind, suffix in (("NEWLINE_DELIMITED_JSON", "json"), ("AVRO", "avro"), ("PARQUET", "parquet")):
        uri = f"gs://steps/{bed.dataset}/events-*.{suffix}"
        config = bigquery.ExtractJobConfig(destination_format=kind)
        bed.client.extract_table(bed.id("events"), uri, job_config=config).result()
        config = bigquery.LoadJobConfig(source_format=kind, schema=EVENTS, use_avro_logical_types=True)
        bed.client.load_table_from_uri(uri, bed.id(f"again_{suffix}"), job_config=config).result()
        equal(bed.count(f"again_{suffix}"), 3)
        equal(bed.query(f"SELECT amount, day FROM again_{suffix} WHERE id = 2"), bed.query("SELECT amount, day FROM events WHERE id = 2"))


@step("extract a CSV file with gzip", "exporting-data")
def extract_csv(bed):
    uri = f"gs://steps/{bed.dataset}/pairs-*.csv.gz"
    bed.query("CREATE TABLE pairs AS SELECT id, name FROM events")
    config = bigquery.ExtractJobConfig(destination_format="CSV", compression="GZIP")
    bed.client.extract_table(bed.id("pairs"), uri, job_config=config).result()
    config = bigquery.LoadJobConfig(schema=PAIR, source_format="CSV", skip_leading_rows=1)
    bed.client.load_table_from_uri(uri, bed.id("pairs_again"), job_config=config).result()
    equal(bed.count("pairs_again"), 3)
