"""The Storage Read API."""

from google.api_core.exceptions import InvalidArgument
from google.cloud.bigquery_storage_v1 import types

from step import equal, raises, step

PAGE = "https://cloud.google.com/bigquery/docs/reference/storage"


def open_session(bed, data_format, streams=1, **options):
    session = types.ReadSession(
        table=f"projects/{bed.project}/datasets/{bed.dataset}/tables/events",
        data_format=data_format,
        read_options=types.ReadSession.TableReadOptions(**options),
    )
    return bed.reader.create_read_session(
        parent=f"projects/{bed.project}", read_session=session, max_stream_count=streams
    )


def rows_of(bed, session):
    return [
        dict(row)
        for stream in session.streams
        for row in bed.reader.read_rows(stream.name).rows(session)
    ]


@step("read rows as Arrow", PAGE)
def arrow(bed):
    session = open_session(bed, types.DataFormat.ARROW)
    table = bed.reader.read_rows(session.streams[0].name).to_arrow(session)
    equal(sorted(table["id"].to_pylist()), [1, 2, 3])
    equal(str(table.schema.field("amount").type), "decimal128(38, 9)")


@step("read rows as Avro", PAGE)
def avro(bed):
    session = open_session(bed, types.DataFormat.AVRO)
    rows = rows_of(bed, session)
    equal(sorted(row["id"] for row in rows), [1, 2, 3])
    first = min(rows, key=lambda row: row["id"])
    equal((first["tags"], first["item"]), (["a", "b"], {"sku": "sku-1", "count": 1}))
    equal((str(first["amount"]), str(first["day"])), ("1.250000000", "2024-03-01"))


@step("read selected fields and rows", PAGE)
def selected(bed):
    session = open_session(
        bed,
        types.DataFormat.ARROW,
        selected_fields=["item.count", "name"],
        row_restriction="id >= 2 AND name LIKE '%2'",
    )
    equal(
        [{key: value.as_py() for key, value in row.items()} for row in rows_of(bed, session)],
        [{"name": "name 2", "item": {"count": 2}}],
    )
    call = lambda: open_session(bed, types.DataFormat.ARROW, row_restriction="nothing = 1")
    raises(InvalidArgument, call)


@step("read several streams with compressed buffers", PAGE)
def streams(bed):
    codec = types.ArrowSerializationOptions.CompressionCodec.LZ4_FRAME
    session = open_session(
        bed,
        types.DataFormat.ARROW,
        streams=2,
        arrow_serialization_options=types.ArrowSerializationOptions(buffer_compression=codec),
    )
    equal(sorted(row["id"].as_py() for row in rows_of(bed, session)), [1, 2, 3])
