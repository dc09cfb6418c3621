"""The chapters of a report: data in, printable dataclasses out."""
