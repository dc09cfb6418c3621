"""Evidence in object storage, as reporter.yml names it."""
