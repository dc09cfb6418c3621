"""findings.csv: what fails, is unknown or compensated, for eyes. In: the view. Out: a table, a
verdict a row.
"""

from reporter.report import Format, late

FORMAT = Format("csv", "findings.csv", late("reporter.report.csv_tables", "write_findings"))
