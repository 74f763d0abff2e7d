"""Datasets, tables, views, routines and policies."""

from google.api_core.exceptions import Conflict, NotFound
from google.cloud import bigquery

from bed import EVENTS
from step import equal, raises, step


@step("create, get and list datasets", "datasets")
def create_dataset(bed):
    dataset = bigquery.Dataset(f"{bed.project}.{bed.dataset}_made")
    dataset.location = "US"
    dataset.description = "made by a step"
    bed.client.create_dataset(dataset)
    bed.client.create_dataset(dataset, exists_ok=True)
    raises(Conflict, lambda: bed.client.create_dataset(dataset))
    equal(bed.client.get_dataset(dataset.reference).description, "made by a step")
    assert dataset.dataset_id in [each.dataset_id for each in bed.client.list_datasets()]
    bed.client.delete_dataset(dataset)
    raises(NotFound, lambda: bed.client.get_dataset(dataset.reference))


@step("label a dataset and list datasets by label", "filtering-labels")
def label_dataset(bed):
    dataset = bed.client.get_dataset(bed.dataset)
    dataset.labels = {"team": "data"}
    dataset = bed.client.update_dataset(dataset, ["labels"])
    found = bed.client.list_datasets(filter="labels.team:data")
    assert bed.dataset in [each.dataset_id for each in found]
    dataset.labels = {"team": None}
    bed.client.update_dataset(dataset, ["labels"])
    equal(bed.client.get_dataset(bed.dataset).labels, {})


@step("set a dataset's default expiration", "updating-datasets")
def default_expiration(bed):
    dataset = bed.client.get_dataset(bed.dataset)
    dataset.default_table_expiration_ms = 24 * 3600 * 1000
    dataset = bed.client.update_dataset(dataset, ["default_table_expiration_ms"])
    equal(dataset.default_table_expiration_ms, 24 * 3600 * 1000)
    dataset.default_table_expiration_ms = None
    bed.client.update_dataset(dataset, ["default_table_expiration_ms"])


@step("grant access to a dataset", "control-access-to-resources-iam")
def dataset_access(bed):
    dataset = bed.client.get_dataset(bed.dataset)
    entry = bigquery.AccessEntry("READER", "userByEmail", "reader@example.com")
    dataset.access_entries = [*dataset.access_entries, entry]
    changed = bed.client.update_dataset(dataset, ["access_entries"])
    assert entry in changed.access_entries, changed.access_entries


@step("delete a dataset with its tables", "managing-datasets")
def delete_dataset(bed):
    name = f"{bed.dataset}_full"
    bed.client.create_dataset(name)
    bed.client.create_table(bigquery.Table(f"{bed.project}.{name}.t", schema=EVENTS))
    bed.client.delete_dataset(name, delete_contents=True)
    bed.client.delete_dataset(name, not_found_ok=True)


@step("create, get, list and delete tables", "tables")
def create_table(bed):
    table = bed.new_table("made", description="made by a step", labels={"kind": "test"})
    got = bed.client.get_table(table)
    equal((got.description, got.labels, got.num_rows), ("made by a step", {"kind": "test"}, 0))
    equal([field.name for field in got.schema], [field.name for field in EVENTS])
    assert "made" in [each.table_id for each in bed.client.list_tables(bed.dataset)]
    bed.client.delete_table(table)
    bed.client.delete_table(table, not_found_ok=True)
    raises(NotFound, lambda: bed.client.get_table(table))


@step("add a column and relax one", "managing-table-schemas")
def change_schema(bed):
    table = bed.new_table("changing", rows=1)
    relaxed = bigquery.SchemaField("id", "INT64")
    table.schema = [relaxed, *EVENTS[1:], bigquery.SchemaField("note", "STRING")]
    table = bed.client.update_table(table, ["schema"])
    equal(table.schema[0].mode, "NULLABLE")
    equal(bed.query("SELECT note FROM changing"), [(None,)])


@step("describe columns and a table", "managing-tables")
def describe(bed):
    table = bed.new_table("described")
    first = bigquery.SchemaField("id", "INT64", mode="REQUIRED", description="the number")
    table.schema = [first, *EVENTS[1:]]
    table.friendly_name = "Described"
    table = bed.client.update_table(table, ["schema", "friendly_name"])
    equal((table.schema[0].description, table.friendly_name), ("the number", "Described"))


@step("an update with a stale etag is refused", "managing-tables")
def stale_etag(bed):
    from google.api_core.exceptions import PreconditionFailed

    table = bed.new_table("raced")
    stale = bed.client.get_table(table)
    table.description = "first"
    bed.client.update_table(table, ["description"])
    stale.description = "second"
    raises(PreconditionFailed, lambda: bed.client.update_table(stale, ["description"]))


@step("partition by a column and list partitions", "managing-partitioned-tables")
def partitions(bed):
    by_day = bigquery.TimePartitioning(type_="DAY", field="day")
    table = bed.new_table("daily", rows=3, time_partitioning=by_day)
    equal(bed.client.list_partitions(table), ["20240301", "20240302", "20240303"])
    equal(bed.client.get_table(table).time_partitioning.field, "day")


@step("partition by integer range", "creating-partitioned-tables")
def range_partitions(bed):
    ranges = bigquery.RangePartitioning(
        field="id", range_=bigquery.PartitionRange(start=0, end=100, interval=10)
    )
    table = bed.client.get_table(bed.new_table("ranged", rows=3, range_partitioning=ranges))
    equal(table.range_partitioning.range_.interval, 10)
    equal(bed.query("SELECT COUNT(*) FROM ranged WHERE id < 2"), [(1,)])


@step("ingestion time: a partition's decorator and _PARTITIONTIME", "querying-partitioned-tables")
def ingestion_time(bed):
    by_day = bigquery.TimePartitioning(type_="DAY")
    table = bed.new_table("ingested", time_partitioning=by_day)
    config = bigquery.LoadJobConfig(schema=EVENTS, write_disposition="WRITE_TRUNCATE")
    from bed import event

    for day, number in (("20260101", 1), ("20260102", 2), ("20260101", 3)):
        rows = [event(number)]
        bed.client.load_table_from_json(rows, f"{bed.id('ingested')}${day}", job_config=config).result()
    equal(
        bed.query("SELECT id, FORMAT_DATE('%F', _PARTITIONDATE) FROM ingested ORDER BY id"),
        [(2, "2026-01-02"), (3, "2026-01-01")],
    )
    equal(
        bed.query("SELECT id FROM ingested WHERE _PARTITIONTIME = TIMESTAMP '2026-01-02'"), [(2,)]
    )
    equal(bed.client.list_partitions(table), ["20260101", "20260102"])


@step("cluster a table", "creating-clustered-tables")
def clustering(bed):
    table = bed.client.get_table(bed.new_table("clustered", clustering_fields=["name", "id"]))
    equal(table.clustering_fields, ["name", "id"])


@step("a primary key", "primary-foreign-keys")
def primary_key(bed):
    bed.query("CREATE TABLE keyed (id INT64, PRIMARY KEY (id) NOT ENFORCED)")
    table = bed.client.get_table(bed.id("keyed"))
    equal(table.table_constraints.primary_key.columns, ["id"])


@step("a table that expires", "managing-tables")
def expiring(bed):
    import datetime

    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    table = bed.new_table("expiring", expires=at)
    equal(bed.client.get_table(table).expires.date(), at.date())


@step("create, change and query a view", "views")
def view(bed):
    made = bigquery.Table(bed.id("shown"))
    made.view_query = f"SELECT id FROM `{bed.id('events')}` WHERE id > 1"
    made = bed.client.create_table(made)
    equal((made.table_type, bed.query("SELECT id FROM shown ORDER BY id")), ("VIEW", [(2,), (3,)]))
    made.view_query = f"SELECT id, name FROM `{bed.id('events')}` WHERE id = 1"
    bed.client.update_table(made, ["view_query"])
    equal(bed.query("SELECT * FROM shown"), [(1, "name 1")])


@step("a materialized view", "materialized-views-create")
def materialized_view(bed):
    made = bigquery.Table(bed.id("totals"))
    made.mview_query = f"SELECT name, SUM(amount) AS total FROM `{bed.id('events')}` GROUP BY name"
    made = bed.client.create_table(made)
    equal(bed.client.get_table(made).table_type, "MATERIALIZED_VIEW")
    equal(bed.query("SELECT COUNT(*) FROM totals"), [(3,)])


@step("create, call, list and delete a routine", "user-defined-functions")
def routine(bed):
    number = bigquery.StandardSqlDataType(type_kind=bigquery.StandardSqlTypeNames.INT64)
    made = bigquery.Routine(
        bed.id("plus_one"),
        type_="SCALAR_FUNCTION",
        language="SQL",
        body="n + 1",
        arguments=[bigquery.RoutineArgument(name="n", data_type=number)],
        return_type=number,
    )
    bed.client.create_routine(made)
    equal(bed.query("SELECT plus_one(41)"), [(42,)])
    assert "plus_one" in [each.routine_id for each in bed.client.list_routines(bed.dataset)]
    made.body = "n + 2"
    bed.client.update_routine(made, ["body", "language", "arguments", "type_", "return_type"])
    equal(bed.query("SELECT plus_one(41)"), [(43,)])
    bed.client.delete_routine(made)


@step("a table's IAM policy", "control-access-to-resources-iam")
def policy(bed):
    table = bed.new_table("guarded")
    got = bed.client.get_iam_policy(table)
    got.bindings = [{"role": "roles/bigquery.dataViewer", "members": {"user:reader@example.com"}}]
    bed.client.set_iam_policy(table, got)
    bindings = bed.client.get_iam_policy(table).bindings
    equal([binding["role"] for binding in bindings], ["roles/bigquery.dataViewer"])
    bed.client.test_iam_permissions(table, ["bigquery.tables.getData"])


@step("projects and the service account", "https://cloud.google.com/bigquery/docs/reference/rest/v2/projects")
def projects(bed):
    assert bed.project in [each.project_id for each in bed.client.list_projects()]
    assert "@" in bed.client.get_service_account_email()
