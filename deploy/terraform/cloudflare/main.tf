# What wrangler.toml binds at Cloudflare, as `tributary provision` makes it. The Worker itself, and its secrets,
# are deployed by `tributary deploy`: Terraform would keep the secrets in its state.

terraform {
  required_version = ">= 1.5"

  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = ">= 5.0, < 6.0"
    }
  }
}

# Reads CLOUDFLARE_API_TOKEN.
provider "cloudflare" {}

variable "account_id" {
  type = string
}

variable "queues" {
  description = "How long each keeps messages, in seconds, by its name."
  type        = map(number)
  default     = {}
}

variable "buckets" {
  type    = set(string)
  default = []
}

resource "cloudflare_queue" "relay" {
  for_each   = var.queues
  account_id = var.account_id
  queue_name = each.key

  settings = {
    message_retention_period = each.value
  }
}

resource "cloudflare_r2_bucket" "relay" {
  for_each   = var.buckets
  account_id = var.account_id
  name       = each.value
}
