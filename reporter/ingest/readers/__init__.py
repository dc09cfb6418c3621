"""Files to raw records: formats, documents, tables."""
