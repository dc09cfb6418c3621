"""What the models of a bundle may say: they are SQL that somebody sent. In: the models that this
process reads. Out: nothing, or what is wrong.
"""

from __future__ import annotations

from reporter.content.lineage import tables_read
from reporter.errors import ContentError, Errors, ReporterError
from reporter.schema.model_files import shipped
from reporter.schema.tables import RAW, TABLES


def refuse_models() -> None:
    """Raise Errors, a ContentError each, for models that are not one SELECT over tables of ours.

    The engine is locked besides; this says which model it is.
    """
    known = {*TABLES, *RAW, *shipped()}
    errors: list[ReporterError] = []
    for name, model in shipped().items():
        try:
            if unknown := sorted(tables_read(model.sql, model.place) - known):
                raise ContentError(f"{name} reads {unknown[0]!r}, no table of ours", model.place)
        except ContentError as error:
            errors.append(error)
    if errors:
        raise Errors(errors)
