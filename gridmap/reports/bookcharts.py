"""Charts of a report's workbook, drawn from its own cells, and how its sheets print."""

from __future__ import annotations

from typing import Any, Final

from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.series import SeriesLabel
from openpyxl.utils import get_column_letter

#: the colours of this year and of the one before, as on paper
NOW, BEFORE = "0B4EA2", "8A97A3"
SIZE_CM: Final = (22.0, 8.5)


def months(sheet: Any, title: str, this_year: str, year_before: str) -> None:
    """Beside the months of two years (rows 2 to 25, cases in column B): this year's as a line, the other dashed."""
    rows = sheet.max_row - 1
    half = rows // 2
    if half < 1:
        return
    chart = _framed(LineChart(), title)
    for name, first, colour in ((this_year, 2 + half, NOW), (year_before, 2, BEFORE)):
        _add(chart, sheet, (2, first, first + half - 1), name, colour)
    chart.series[1].graphicalProperties.line.dashStyle = "dash"
    for line in chart.series:
        line.smooth = False
    chart.set_categories(Reference(sheet, min_col=1, min_row=2 + half, max_row=rows + 1))
    sheet.add_chart(chart, f"{_beside(sheet)}2")


def bars(sheet: Any, title: str, columns: tuple[tuple[int, str], tuple[int, str]], most: int) -> None:
    """Below the lines: a bar of this year and one of the year before for each of the first `most` lines; `columns` as
    (number, name)."""
    last = min(sheet.max_row, most + 1)
    if last < 2:
        return
    chart = _framed(BarChart(), title)
    chart.type, chart.overlap = "col", -10
    for (column, name), colour in zip(columns, (NOW, BEFORE), strict=True):
        _add(chart, sheet, (column, 2, last), name, colour)
        chart.series[-1].graphicalProperties.solidFill = colour
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last))
    sheet.add_chart(chart, f"A{sheet.max_row + 2}")


def print_well(sheet: Any) -> None:
    """A4 across, as wide as the page, the heads on each of its pages."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _framed(chart: Any, title: str) -> Any:
    chart.title, chart.legend.position = title, "b"
    chart.width, chart.height = SIZE_CM
    for axis in (chart.x_axis, chart.y_axis):
        axis.delete = False  # else newer programs show none
    chart.y_axis.scaling.min, chart.y_axis.number_format = 0, "#,##0"
    return chart


def _add(chart: Any, sheet: Any, cells: tuple[int, int, int], name: str, colour: str) -> None:
    column, first, last = cells
    chart.add_data(Reference(sheet, min_col=column, min_row=first, max_row=last))
    series = chart.series[-1]
    series.tx = SeriesLabel(v=name)
    series.graphicalProperties.line.solidFill = colour


def _beside(sheet: Any) -> str:
    return str(get_column_letter(sheet.max_column + 2))
