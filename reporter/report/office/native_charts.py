"""Charts that office programs draw themselves, with their numbers in a workbook inside. In: a chart
of the outline. Out: a chart in a placeholder of a slide, or its parts for a document.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from math import ceil
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_TICK_MARK
from pptx.enum.dml import MSO_PATTERN
from pptx.shapes.placeholder import ChartPlaceholder
from pptx.util import Pt
from xlsxwriter import Workbook

from reporter.report.office.outline import BAD, GOOD, UNKNOWN, Chart
from reporter.report.view.format import short

INK, WHITE, LINE = "1B2733", "FFFFFF", "D5DCE3"
FILLS = {GOOD: "0F4C81", BAD: "9C3D24", UNKNOWN: "A9B3BD"}
"""Proven is blue, failing red-brown, and what nobody knows hatched grey, on screen and in print."""
LABELS = {GOOD: WHITE, BAD: WHITE, UNKNOWN: INK}
NAME = 48
"""Characters of a name at an axis."""
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_COUNTS, _SHARES = '[>={least}]#,##0;""', '0.0" %";;;'
"""Nothing is printed where there is nothing, and no number wider than its bar."""
DIGIT = 0.025
"""Width of a digit as a share of the longest bar, at least."""


def insert(placeholder: Any, chart: Chart, moment: datetime, language: str, size: int) -> Any:
    """Put a chart in a placeholder that takes any content; return its frame."""
    taker = ChartPlaceholder(placeholder._element, placeholder._parent)
    frame = taker.insert_chart(_kind(chart), _data(chart))
    _dress(frame.chart, chart, moment, language, size)
    return frame


def parts(chart: Chart, moment: datetime, language: str, size: int) -> tuple[bytes, bytes]:
    """Return the XML of a chart, whose workbook is its relation rId1, and that workbook."""
    slide = Presentation().slides.add_slide(Presentation().slide_layouts[6])
    frame: Any = slide.shapes.add_chart(_kind(chart), 0, 0, Pt(400), Pt(300), _data(chart))
    _dress(frame.chart, chart, moment, language, size)
    part = frame.chart.part
    return part.blob, part.chart_workbook.xlsx_part.blob


def _kind(chart: Chart) -> Any:
    return XL_CHART_TYPE.COLUMN_STACKED if chart.is_upright else XL_CHART_TYPE.BAR_STACKED


def _data(chart: Chart) -> Any:
    data = CategoryChartData(number_format=_format(chart))
    data.categories = [short(name, "report.json", NAME) for name in chart.categories]
    for series in chart.series:
        data.add_series(series.name, series.values)
    return data


def _format(chart: Chart) -> str:
    if chart.is_percent:
        return _SHARES
    longest = max(sum(bar) for bar in zip(*(s.values for s in chart.series), strict=True))
    return _COUNTS.format(least=max(1, ceil(longest * DIGIT * len(f"{longest:,.0f}"))))


def _dress(drawn: Any, chart: Chart, moment: datetime, language: str, size: int) -> None:
    """Give a chart its colours, labels and axes, and a workbook without formulas and clock."""
    drawn.has_title = False
    drawn.font.size, drawn.font.color.rgb = Pt(size), RGBColor.from_string(INK)
    drawn.has_legend = True
    drawn.legend.position, drawn.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    plot = drawn.plots[0]
    plot.gap_width, plot.overlap = 45, 100
    for series, planned in zip(plot.series, chart.series, strict=True):
        _fill(series.format.fill, planned.stands_for)
        series.format.line.color.rgb = RGBColor.from_string(FILLS[planned.stands_for])
        series.data_labels.show_value = True
        series.data_labels.number_format = _format(chart)
        series.data_labels.number_format_is_linked = False
        series.data_labels.position = XL_LABEL_POSITION.CENTER
        series.data_labels.font.size = Pt(size)
        series.data_labels.font.color.rgb = RGBColor.from_string(LABELS[planned.stands_for])
        for n, label in enumerate(planned.labels):
            _label(series.points[n].data_label, label, planned.stands_for, size)
    _axes(drawn, chart)
    for element in drawn._chartSpace.iter():
        if "lang" in element.attrib:
            element.set("lang", language)
    drawn.part.chart_workbook.update_from_xlsx_blob(_workbook(chart, moment))


def _fill(fill: Any, stands_for: str) -> None:
    if stands_for != UNKNOWN:
        fill.solid()
        fill.fore_color.rgb = RGBColor.from_string(FILLS[stands_for])
        return
    fill.patterned()
    fill.pattern = MSO_PATTERN.WIDE_UPWARD_DIAGONAL
    fill.fore_color.rgb = RGBColor.from_string(FILLS[UNKNOWN])
    fill.back_color.rgb = RGBColor.from_string(WHITE)


def _label(label: Any, text: str, stands_for: str, size: int) -> None:
    label.has_text_frame = True
    label.text_frame.text = text
    label.position = XL_LABEL_POSITION.CENTER
    for run in label.text_frame.paragraphs[0].runs:
        run.font.size = Pt(size)
        run.font.color.rgb = RGBColor.from_string(LABELS[stands_for])


def _axes(drawn: Any, chart: Chart) -> None:
    names, values = drawn.category_axis, drawn.value_axis
    names.major_tick_mark = XL_TICK_MARK.NONE
    names.format.line.color.rgb = RGBColor.from_string(LINE)
    names.reverse_order = not chart.is_upright  # the first stands on top, as in a table
    values.minimum_scale = 0
    values.has_major_gridlines = chart.is_percent
    values.visible = chart.is_percent
    if chart.is_percent:
        values.maximum_scale, values.major_unit = 100, 50
        values.tick_labels.number_format, values.tick_labels.number_format_is_linked = (
            '0" %"',
            False,
        )
        values.major_gridlines.format.line.color.rgb = RGBColor.from_string(LINE)
        values.format.line.fill.background()


def _workbook(chart: Chart, moment: datetime) -> bytes:
    """Write the numbers where the chart looks for them: names below A1, a series a column."""
    target = BytesIO()
    with Workbook(target, {**_PLAIN, "in_memory": True}) as book:
        book.set_properties({"title": chart.title, "created": moment})
        sheet = book.add_worksheet("Sheet1")
        sheet.write_column(1, 0, [short(name, "report.json", NAME) for name in chart.categories])
        for column, series in enumerate(chart.series, 1):
            sheet.write_string(0, column, series.name)
            sheet.write_column(1, column, series.values)
    return target.getvalue()
