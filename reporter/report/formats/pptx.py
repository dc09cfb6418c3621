"""board.pptx: the board's edition as slides. In: the view. Out: a deck with charts that can be
edited.
"""

from reporter.report import Format, late

FORMAT = Format("pptx", "board.pptx", late("reporter.report.office.board_pptx"))
