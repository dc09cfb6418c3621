"""oscal: catalogs, mappings, results and a plan as OSCAL. In: the view. Out: a folder of
documents.
"""

from reporter.report import Format, late

FORMAT = Format("oscal", "oscal", late("reporter.report.oscal"))
