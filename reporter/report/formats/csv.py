"""findings.csv: failing, unknown and compensated results, for people. In: the view. Out: a table
with one row per result.
"""

from reporter.report import Format, late

FORMAT = Format("csv", "findings.csv", late("reporter.report.csv_tables", "write_findings"))
