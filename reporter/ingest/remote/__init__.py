"""Objects of S3, Google Cloud Storage, Azure Blob Storage and the web, fetched before a run."""
