"""Rows of tables, and jobs."""

import uuid

from google.api_core.exceptions import Conflict, NotFound
from google.cloud import bigquery

from step import equal, raises, step


@step("list_rows: all, some columns, from an index", "managing-table-data")
def list_rows(bed):
    table = bed.client.get_table(bed.id("events"))
    equal([row["id"] for row in bed.client.list_rows(table)], [1, 2, 3])
    some = bed.client.list_rows(table, selected_fields=[table.schema[1]], max_results=1)
    equal([tuple(row) for row in some], [("name 1",)])
    equal([row["id"] for row in bed.client.list_rows(table, start_index=2)], [3])


@step("list_rows to a data frame by the Storage Read API", "https://cloud.google.com/bigquery/docs/samples/bigquery-list-rows-dataframe")
def rows_frame(bed):
    rows = bed.client.list_rows(bed.client.get_table(bed.id("events")))
    frame = rows.to_dataframe(bqstorage_client=bed.reader)
    equal(sorted(frame["id"]), [1, 2, 3])
    equal([list(tags) for tags in frame["tags"]], [["a", "b"]] * 3)


@step("a job by its id, with labels", "managing-jobs")
def job_by_id(bed):
    job_id = f"steps-{uuid.uuid4()}"
    config = bigquery.QueryJobConfig(labels={"step": "jobs"})
    bed.client.query("SELECT 1", job_id=job_id, job_config=config).result()
    job = bed.client.get_job(job_id)
    equal((job.state, job.labels, job.statement_type), ("DONE", {"step": "jobs"}, "SELECT"))
    raises(Conflict, lambda: bed.client.query("SELECT 1", job_id=job_id, job_retry=None))
    raises(NotFound, lambda: bed.client.get_job("nothing"))


@step("list jobs by state and time", "managing-jobs")
def list_jobs(bed):
    job = bed.client.query("SELECT 2")
    job.result()
    listed = bed.client.list_jobs(state_filter="done", min_creation_time=job.created, max_results=50)
    assert job.job_id in [each.job_id for each in listed]


@step("cancel a job", "managing-jobs")
def cancel(bed):
    job = bed.client.query(
        "SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) a, UNNEST(GENERATE_ARRAY(1, 100000)) b, UNNEST(GENERATE_ARRAY(1, 1000)) c WHERE MOD(a * b, c + 1) = 3"
    )
    job.cancel()
    try:
        job.result(timeout=30)
    except Exception as error:
        assert "cancel" in str(error).lower(), error
    equal(bed.client.get_job(job.job_id).state, "DONE")


@step("a job's statistics", "https://cloud.google.com/bigquery/docs/reference/rest/v2/Job")
def statistics(bed):
    job = bed.client.query(f"SELECT * FROM `{bed.id('events')}`")
    job.result()
    assert job.created <= job.started <= job.ended, (job.created, job.started, job.ended)
    equal([table.table_id for table in job.referenced_tables], ["events"])
    equal((job.cache_hit, job.num_child_jobs), (False, 0))
    assert job.total_bytes_processed > 0, job.total_bytes_processed


@step("delete a job", "https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/delete")
def delete_job(bed):
    job = bed.client.query("SELECT 3")
    job.result()
    bed.client.delete_job_metadata(job)
    raises(NotFound, lambda: bed.client.get_job(job.job_id))
