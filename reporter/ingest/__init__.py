"""Files in, tables out: read, recognise, convert, account for every record."""
