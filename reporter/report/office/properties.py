"""What a file of an office program says of itself. In: the cover of the report. Out: title, author,
language, evidence and date.
"""

from __future__ import annotations

import base64
from datetime import datetime
from io import BytesIO
from typing import Any

from reporter.report.view.elements import Cover

LOGO = (240, 54)
"""Width and height that a logo takes at most, in points."""
LIMIT = 255
"""Characters that a property can hold."""
REGIONS = {"en": "en-GB", "de": "de-DE"}
"""Office programs choose the dictionary by a language with its region."""


def region(language: str) -> str:
    """Return the language as office programs name it."""
    return REGIONS.get(language, language)


def moment_of(as_of: str) -> datetime:
    """Return the time of the run, in UTC, as these files hold it."""
    return datetime.fromisoformat(as_of).replace(tzinfo=None)


def picture(logo: str) -> BytesIO | None:
    """Return the picture that a data URI holds; None for no logo."""
    return BytesIO(base64.b64decode(logo.partition(",")[2])) if logo else None


def set_properties(properties: Any, cover: Cover, title: str) -> None:
    """Set the core properties; no clock and no user of this machine takes part."""
    properties.title, properties.author = title[:LIMIT], cover.organisation[:LIMIT]
    properties.subject, properties.comments = cover.period[:LIMIT], cover.statement[:LIMIT]
    properties.language, properties.identifier = region(cover.language), cover.evidence_id
    properties.keywords, properties.last_modified_by = cover.evidence_short, "Reporter"
    properties.created = properties.modified = moment_of(cover.as_of_iso)
    properties.revision = 1
