"""report.pdf and its other editions. In: the view, files of the run to attach. Out: PDF/A-3a and
PDF/UA-1.
"""

from reporter.report import Format, late

FORMAT = Format("pdf", "report.pdf", late("reporter.report.pdf.paper"), editions=True, data=True)
