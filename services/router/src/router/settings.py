"""What the router reads from the environment: the common blocks, and where far sides are.

What a company sets (teams, rules, clocks) is the configuration in the database, not this.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr

from common.settings import (
    AuthSettings,
    Block,
    DatabaseSettings,
    HttpSettings,
    KafkaSettings,
    LogSettings,
)


class DepartmentSettings(Block):
    """How departments are reached; which and where is the configuration's.

    Mail addresses of servers as in router.gateways.mail_servers. Answers by mail come back to the
    sender's mailbox with a token behind a plus sign. `department_secrets` are by department id.
    """

    department_smtp_url: SecretStr | None = None
    department_imap_url: SecretStr | None = None
    department_sender: str = Field("", pattern=r"^(|[^@\s]+@[^@\s]+)$")
    department_secrets: dict[str, SecretStr] = Field(default_factory=dict)
    department_zone: ZoneInfo = ZoneInfo("Europe/Berlin")
    department_timeout_s: float = Field(20, gt=0, le=60)


class HelpdeskSettings(Block):
    """The classic helpdesk (Zammad's REST API); without an address nothing can be transferred.

    `helpdesk_customer` is a mail address that the helpdesk knows us by.
    """

    helpdesk_url: str | None = None
    helpdesk_token: SecretStr | None = None
    helpdesk_group: str = "Users"
    helpdesk_customer: str = ""


class CrmSettings(Block):
    """The CRM behind the customer data port; without an address everything is degraded (S112)."""

    crm_url: str | None = None
    crm_token: SecretStr | None = None
    crm_timeout_s: float = Field(2.0, gt=0, le=30)


class RouterSettings(
    DatabaseSettings,
    KafkaSettings,
    HttpSettings,
    AuthSettings,
    LogSettings,
    DepartmentSettings,
    HelpdeskSettings,
    CrmSettings,
):
    """Every block in one; a flat name each."""
