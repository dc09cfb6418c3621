"""board.docx: the board's edition for word processors. In: the view. Out: a document in A4."""

from reporter.report import Format, late

FORMAT = Format("docx", "board.docx", late("reporter.report.office.board_docx"))
