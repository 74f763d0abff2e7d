"""Google's clients for a server, and a dataset with tables for the steps."""

import uuid
import warnings

import grpc
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, bigquery_storage_v1
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcTransport,
)
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import (
    BigQueryWriteGrpcTransport,
)

warnings.simplefilter("ignore")

EVENTS = [
    bigquery.SchemaField("id", "INT64", mode="REQUIRED"),
    bigquery.SchemaField("name", "STRING"),
    bigquery.SchemaField("amount", "NUMERIC"),
    bigquery.SchemaField("at", "TIMESTAMP"),
    bigquery.SchemaField("day", "DATE"),
    bigquery.SchemaField("tags", "STRING", mode="REPEATED"),
    bigquery.SchemaField(
        "item",
        "RECORD",
        fields=[
            bigquery.SchemaField("sku", "STRING"),
            bigquery.SchemaField("count", "INT64"),
        ],
    ),
]


def event(number: int) -> dict:
    """A row of EVENTS as JSON."""
    return {
        "id": number,
        "name": f"name {number}",
        "amount": f"{number}.25",
        "at": f"2024-03-{number:02}T04:05:06.123456Z",
        "day": f"2024-03-{number:02}",
        "tags": ["a", "b"],
        "item": {"sku": f"sku-{number}", "count": number},
    }


class Bed:
    def __init__(self, rest: str, grpc_port: str, project: str):
        self.project = project
        self.client = bigquery.Client(
            project=project,
            credentials=AnonymousCredentials(),
            client_options=ClientOptions(api_endpoint=rest),
            location="US",
        )
        channel = grpc.insecure_channel(
            f"127.0.0.1:{grpc_port}", options=[("grpc.max_receive_message_length", -1)]
        )
        self.reader = bigquery_storage_v1.BigQueryReadClient(
            transport=BigQueryReadGrpcTransport(channel=channel)
        )
        self.writer = bigquery_storage_v1.BigQueryWriteClient(
            transport=BigQueryWriteGrpcTransport(channel=channel)
        )
        self.dataset = f"steps_{uuid.uuid4().hex[:8]}"

    def open(self):
        self.client.create_dataset(self.dataset)
        self.new_table("events", rows=3)

    def close(self):
        self.client.delete_dataset(self.dataset, delete_contents=True, not_found_ok=True)
        self.client.close()

    def id(self, table: str) -> str:
        return f"{self.project}.{self.dataset}.{table}"

    def new_table(self, name: str, rows: int = 0, schema=EVENTS, **properties) -> bigquery.Table:
        """Creates a table of events, with rows 1, 2, …"""
        table = bigquery.Table(self.id(name), schema=schema)
        for key, value in properties.items():
            setattr(table, key, value)
        table = self.client.create_table(table)
        if rows:
            job = self.client.load_table_from_json(
                [event(number + 1) for number in range(rows)],
                table,
                job_config=bigquery.LoadJobConfig(schema=schema),
            )
            job.result(timeout=30)
        return table

    def query(self, sql: str, **config):
        """The rows of a statement, which sees the dataset by default."""
        config.setdefault("default_dataset", f"{self.project}.{self.dataset}")
        job = self.client.query(sql, job_config=bigquery.QueryJobConfig(**config))
        return [tuple(row.values()) for row in job.result(timeout=30)]

    def count(self, table: str) -> int:
        return self.query(f"SELECT COUNT(*) FROM `{self.id(table)}`")[0][0]
