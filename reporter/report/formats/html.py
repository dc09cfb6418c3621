"""report.html and its other editions. In: the view. Out: a file that needs no network."""

from reporter.report import Format, late

FORMAT = Format("html", "report.html", late("reporter.report.html.page"), editions=True)
