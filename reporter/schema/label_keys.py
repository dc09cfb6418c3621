"""Keys of labels. In: nothing. Out: which a system sets for itself, which are one, which name
people.
"""

from __future__ import annotations

import re

MACHINERY = (
    *(r"aws:", r"goog-", r"hidden-", r"ms-resource-usage$", r"aks-managed-"),
    *(r"([a-z0-9-]+\.)*(kubernetes|k8s|istio|openshift|fluxcd|cattle)\.io/", r"helm\.sh/"),
    *(r"([a-z0-9-]+\.)*(argoproj|cilium|backstage)\.io/", r"eks\.amazonaws\.com/", r"olm\."),
    *(r"cloud\.google\.com/", r"azure\.workload\.identity/", r"kubernetes\.azure\.com/"),
    *(r"pod-template-(hash|generation)$", r"controller-(revision-hash|uid)$", r"job-name$"),
)
"""RE2, in lower case: beginnings of keys that systems set for themselves, and what they reserve
(docs/rollup.md).
"""
WRITTEN = r"app\.kubernetes\.io/(name|instance|component|part-of|version)"
"""RE2: keys with such a beginning that people write."""
SAME_KEY = "regexp_replace(lower({}), '[ _-]', '', 'g')"
"""SQL of a key: `CostCenter`, `cost-center` and `cost_center` are one."""
_SAYS_WHO = re.compile(
    r"(.*[/.:])?\w*(owner|lead|contact|manager|creator|createdby|maintainer|author|responsible"
    r"|approver|steward|sponsor|custodian|requester|requestor|assignee|poc|mail|upn)"
    r"(id|name|e?mail|upn|address)?"
)


def same_key(key: str) -> str:
    """Return what `SAME_KEY` gives."""
    return re.sub(r"[ _-]", "", key.lower())


def names_people(key: str) -> bool:
    """Tell whether the value of a label is somebody, by its key."""
    return bool(_SAYS_WHO.fullmatch(same_key(key)))
