# What `tributary provision` makes at Google, less the Worker's key: Terraform would keep it in its state.
# A test compares the two (test/deploy/terraform.test.ts).

resource "google_project_service" "api" {
  for_each = toset([
    "serviceusage.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "pubsub.googleapis.com",
    "bigquery.googleapis.com",
    "bigquerystorage.googleapis.com",
  ])
  service            = each.value
  disable_on_destroy = false
}

resource "google_pubsub_topic" "relay" {
  name       = var.topic
  depends_on = [google_project_service.api]
}

resource "google_pubsub_subscription" "relay" {
  name                       = var.subscription
  topic                      = google_pubsub_topic.relay.id
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  # By default, Pub/Sub deletes a subscription that was idle for 31 days.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "600s"
  }
}

resource "google_bigquery_dataset" "relay" {
  for_each   = var.datasets
  dataset_id = each.value
  location   = var.location
  depends_on = [google_project_service.api]
}

resource "google_bigquery_table" "table" {
  for_each            = var.tables
  dataset_id          = google_bigquery_dataset.relay[split(".", each.key)[0]].dataset_id
  table_id            = split(".", each.key)[1]
  description         = each.value.description
  schema              = each.value.schema
  clustering          = length(each.value.clustering) > 0 ? each.value.clustering : null
  deletion_protection = true

  dynamic "time_partitioning" {
    for_each = each.value.partition == null ? [] : [each.value.partition]
    content {
      field = time_partitioning.value.field
      type  = time_partitioning.value.type
    }
  }

  dynamic "table_constraints" {
    for_each = length(each.value.key) > 0 ? [each.value.key] : []
    content {
      primary_key {
        columns = table_constraints.value
      }
    }
  }
}

resource "google_bigquery_table" "view" {
  for_each            = var.views
  dataset_id          = google_bigquery_dataset.relay[split(".", each.key)[0]].dataset_id
  table_id            = split(".", each.key)[1]
  description         = each.value.description
  deletion_protection = false
  depends_on          = [google_bigquery_table.table]

  view {
    query          = each.value.query
    use_legacy_sql = false
  }
}

# The Worker: it may publish to one topic.

resource "google_service_account" "publisher" {
  account_id   = var.publisher
  display_name = "Tributary: the Worker, which publishes to ${var.topic}"
  depends_on   = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  topic  = google_pubsub_topic.relay.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.publisher.member
}

# The subscriber.

resource "google_service_account" "subscriber" {
  account_id   = var.subscriber
  display_name = "Tributary: the subscriber of ${var.topic}"
  depends_on   = [google_project_service.api]
}

resource "google_pubsub_subscription_iam_member" "subscriber" {
  subscription = google_pubsub_subscription.relay.id
  role         = "roles/pubsub.subscriber"
  member       = google_service_account.subscriber.member
}

resource "google_pubsub_subscription_iam_member" "viewer" {
  subscription = google_pubsub_subscription.relay.id
  role         = "roles/pubsub.viewer"
  member       = google_service_account.subscriber.member
}

resource "google_bigquery_dataset_iam_member" "editor" {
  for_each   = google_bigquery_dataset.relay
  dataset_id = each.value.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.subscriber.member
}

resource "google_project_iam_member" "jobs" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.subscriber.member
}

resource "google_storage_bucket_iam_member" "exports" {
  for_each = var.export_buckets
  bucket   = each.value
  role     = "roles/storage.objectViewer"
  member   = google_service_account.subscriber.member
}

output "publisher" {
  value = google_service_account.publisher.email
}

output "subscriber" {
  value = google_service_account.subscriber.email
}
