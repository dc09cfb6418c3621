"""What stands around the records of an export: envelopes of log stores, pages of interfaces."""
