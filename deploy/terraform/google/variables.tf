# All of these are written by `npx tributary provision --terraform > tributary.auto.tfvars.json`.

variable "project" {
  type = string
}

variable "location" {
  description = "Of the datasets."
  type        = string
}

variable "topic" {
  type = string
}

variable "subscription" {
  type = string
}

variable "publisher" {
  description = "Id of the Worker's service account."
  type        = string
}

variable "subscriber" {
  description = "Id of the subscriber's service account."
  type        = string
}

variable "datasets" {
  type = set(string)
}

variable "tables" {
  description = "By `dataset.table`."
  type = map(object({
    description = string
    schema      = string
    partition   = object({ field = string, type = string })
    clustering  = list(string)
    key         = list(string)
  }))
}

variable "views" {
  description = "By `dataset.view`."
  type        = map(object({ query = string, description = string }))
}

variable "export_buckets" {
  description = "Buckets in Cloud Storage that exports are read from."
  type        = set(string)
}

# For ../cloudflare, which reads the same file.

variable "queues" {
  type = map(number)
}

variable "buckets" {
  type = set(string)
}
