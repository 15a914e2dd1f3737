"""Who may write and approve: people, told apart by issuer and subject and by nothing else.

Names are for display; two people may share one, and one person may change theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

_SERVICE_SUBJECTS = ("service:", "service-account", "system:")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts: `id` is `issuer|subject` (RELIABILITY 9.5)."""

    id: str
    name: str

    @property
    def is_human(self) -> bool:
        """False for service accounts, which neither write nor approve (RELIABILITY 9.5).

        A service account is known by its subject: the development issuer says `service:`, OIDC
        providers say `service-account-<client>`, Kubernetes `system:serviceaccount:`.
        """
        issuer, bar, subject = self.id.partition("|")
        return bool(issuer and bar and subject) and not subject.startswith(_SERVICE_SUBJECTS)
