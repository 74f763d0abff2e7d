"""The Storage Write API."""

from google.cloud.bigquery_storage_v1 import types, writer
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from step import equal, step

PAGE = "https://cloud.google.com/bigquery/docs/write-api"
COLUMNS = "id INT64, name STRING"


def row_class():
    file = descriptor_pb2.FileDescriptorProto(name="steps/row.proto", package="steps")
    row = file.message_type.add(name="Row")
    field = descriptor_pb2.FieldDescriptorProto
    row.field.add(name="id", number=1, type=field.TYPE_INT64, label=field.LABEL_OPTIONAL)
    row.field.add(name="name", number=2, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("steps.Row")), row


def append(bed, stream_name, batches, offsets=True):
    """Appends batches of rows to a stream. Returns the results."""
    row_type, descriptor = row_class()
    template = types.AppendRowsRequest(write_stream=stream_name)
    template.proto_rows = types.AppendRowsRequest.ProtoData(
        writer_schema=types.ProtoSchema(proto_descriptor=descriptor)
    )
    stream = writer.AppendRowsStream(bed.writer, template)
    futures, at = [], 0
    for batch in batches:
        serialized = [row_type(**row).SerializeToString() for row in batch]
        rows = types.AppendRowsRequest.ProtoData(rows=types.ProtoRows(serialized_rows=serialized))
        request = types.AppendRowsRequest(proto_rows=rows)
        if offsets:
            request.offset = at
        futures.append(stream.send(request))
        at += len(batch)
    results = [future.result(timeout=30) for future in futures]
    stream.close()
    return results


def new_table(bed, name):
    bed.query(f"CREATE TABLE {name} ({COLUMNS})")
    return bed.writer.table_path(bed.project, bed.dataset, name)


def new_stream(bed, parent, kind):
    stream = types.WriteStream(type_=kind)
    return bed.writer.create_write_stream(parent=parent, write_stream=stream).name


ROWS = [[{"id": 1, "name": "one"}, {"id": 2}], [{"id": 3, "name": "three"}]]


@step("append to the default stream", PAGE)
def default_stream(bed):
    parent = new_table(bed, "write_default")
    append(bed, f"{parent}/streams/_default", ROWS, offsets=False)
    equal(bed.query("SELECT * FROM write_default ORDER BY id"), [(1, "one"), (2, None), (3, "three")])


@step("append to a committed stream with offsets", PAGE)
def committed_stream(bed):
    parent = new_table(bed, "write_committed")
    name = new_stream(bed, parent, types.WriteStream.Type.COMMITTED)
    results = append(bed, name, ROWS)
    equal([result.append_result.offset for result in results], [0, 2])
    equal(bed.count("write_committed"), 3)
    equal(bed.writer.finalize_write_stream(name=name).row_count, 3)


@step("append to a pending stream and commit it", "https://cloud.google.com/bigquery/docs/write-api-batch")
def pending_stream(bed):
    parent = new_table(bed, "write_pending")
    name = new_stream(bed, parent, types.WriteStream.Type.PENDING)
    append(bed, name, ROWS)
    equal(bed.count("write_pending"), 0)
    bed.writer.finalize_write_stream(name=name)
    request = types.BatchCommitWriteStreamsRequest(parent=parent, write_streams=[name])
    assert bed.writer.batch_commit_write_streams(request).commit_time
    equal(bed.count("write_pending"), 3)


@step("append to a buffered stream and flush it", "https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#flushrowsrequest")
def buffered_stream(bed):
    parent = new_table(bed, "write_buffered")
    name = new_stream(bed, parent, types.WriteStream.Type.BUFFERED)
    append(bed, name, ROWS)
    equal(bed.count("write_buffered"), 0)
    request = types.FlushRowsRequest(write_stream=name, offset=1)
    equal(bed.writer.flush_rows(request).offset, 1)
    equal(bed.count("write_buffered"), 2)
