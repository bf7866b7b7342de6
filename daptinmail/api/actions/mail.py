"""Listener sync, queue pass, mailbox status (compat 5.2)."""

from typing import Any
from uuid import UUID

from daptinmail.api.actions.entries import Entry, failures
from daptinmail.api.actions.invocation import Domain, Invocation
from daptinmail.api.documents import json_value
from daptinmail.errors import NotFound
from daptinmail.interfaces.messages import Overview
from daptinmail.interfaces.records import Page, Query, Record

PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
MAX_PAGE_NUMBER = 10**9
LATEST = ("subject", "from_address", "internal_date", "message_id", "seen", "recent", "uid")


async def sync_mail_servers(domain: Domain, call: Invocation) -> list[Entry]:
    """Make listeners match the ``mail_server`` rows; nothing to say when all is well."""
    return failures(await domain.control.reconcile())


async def process_outbox(domain: Domain, call: Invocation) -> list[Entry]:
    """Try what is due, once."""
    await domain.queue.run_pass()
    return []


async def mail_box_status(domain: Domain, call: Invocation) -> list[Entry]:
    """Counts of mailboxes, a page at a time, in name order."""
    query = Query(
        page=call.number("page_number", 1, MAX_PAGE_NUMBER),
        size=call.number("page_size", PAGE_SIZE, MAX_PAGE_SIZE),
        sort=("name",),
        related={"mail_account_id": account} if (account := call.reference("mail_account_id")) else {},
    )
    page = await _mailboxes(domain, call, query)
    overviews = {
        overview.mailbox.reference: overview
        for overview in await domain.store.overview([record.reference for record in page.records])
    }
    data = [
        await _status(domain, call, record, overviews[record.reference])
        for record in page.records
        if record.reference in overviews
    ]
    return [Entry("mail_box.status", {"data": data, "pagination": _pagination(query, page)})]


async def _mailboxes(domain: Domain, call: Invocation, query: Query) -> Page:
    one = call.reference("mail_box_id")
    if one is None:
        return await domain.records.list("mail_box", query, call.viewer)
    record = await domain.records.get("mail_box", one, call.viewer, hydrate=False)
    return Page([record], 1)


async def _status(domain: Domain, call: Invocation, record: Record, overview: Overview) -> dict[str, Any]:
    account = record.to_one.get("mail_account_id")
    status: dict[str, Any] = {
        "mail_box_id": str(record.reference),
        "mail_account_id": str(account[1]) if account else None,
        "name": overview.mailbox.name,
        "messages": overview.status.messages,
        "recent": overview.status.recent,
        "unseen": overview.status.unseen,
        "uidnext": overview.status.uidnext,
        "uidvalidity": overview.status.uidvalidity,
    }
    if overview.latest is not None:
        status.update(await _latest(domain, call, overview.latest))
    return status


async def _latest(domain: Domain, call: Invocation, reference: UUID) -> dict[str, Any]:
    try:
        record = await domain.records.get("mail", reference, call.viewer, hydrate=False)
    except NotFound:
        return {}  # expunged in between
    shown = {name: json_value(record.attributes.get(name)) for name in LATEST}
    return {"latest_message": {"__type": "mail", "reference_id": str(reference), **shown}}


def _pagination(query: Query, page: Page) -> dict[str, int]:
    first = (query.page - 1) * query.size
    return {
        "total": page.total,
        "per_page": query.size,
        "current_page": query.page,
        "from": first + 1 if page.records else first,
        "to": first + len(page.records),
    }
