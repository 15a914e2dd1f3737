"""Let an account that is held back send again: somebody has put right what was wrong with it."""

from __future__ import annotations

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.observability.logging import get_logger
from responder.domain.circuits import Account, resumed
from responder.storage import channel_accounts

_log = get_logger()


async def resume_account(
    uow: UnitOfWork, name: tuple[str, str], *, by: str, reason: str
) -> Account:
    """The account (network, name) at rest. Raises NotFoundError where it was never held back.

    The ledger is not touched: what waits is due as it was. It is no fact of a case, so who did it
    and why stands with the account and not in a history.
    """
    known = {(one.network, one.name) for one in await channel_accounts.all_accounts(uow.connection)}
    if name not in known:
        raise NotFoundError("nothing is known of this account")
    (account,) = await channel_accounts.lock_accounts(uow.connection, [name])
    after = resumed(account, by=by, reason=reason, now=uow.now)
    await channel_accounts.keep_account(uow.connection, after)
    _log.info("account_resumed", network=name[0])
    return after
