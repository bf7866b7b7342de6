"""Routes of ``/domains``: what DNS should say of each domain, compared with what it says; administrators only."""

from typing import Any

from attrs import asdict, define

from daptinmail.api.authentication import Gate
from daptinmail.api.call import JSON, Answer, Call, json_answer, read_json
from daptinmail.errors import Forbidden
from daptinmail.interfaces.dkim_keys import RSA, DkimKey, IDkimKeys
from daptinmail.interfaces.domains import DomainReport, Finding, IDomains
from daptinmail.mail.dkim_record import zone_line

TEXT = "text/plain; charset=utf-8"


@define(eq=False)
class DomainRoutes:
    """The doctor over HTTP."""

    domains: IDomains
    dkim_keys: IDkimKeys
    gate: Gate

    async def list(self, call: Call) -> Answer:
        """Every domain with where to look further."""
        await self._require_administrator(call)
        names = await self.domains.names()
        found = [{"domain": name, "dns": f"/domains/{name}/dns", "zone": f"/domains/{name}/zone"} for name in names]
        return json_answer({"domains": found}, content_type=JSON)

    async def check(self, call: Call, domain: str) -> Answer:
        """Each wanted record with its state and what happens without it."""
        await self._require_administrator(call)
        return json_answer(report_document(await self.domains.check(domain)), content_type=JSON)

    async def zone(self, call: Call, domain: str) -> Answer:
        """The wanted records to paste into a zone."""
        await self._require_administrator(call)
        return Answer(200, (await self.domains.zone(domain)).encode("utf-8"), TEXT)

    async def keys(self, call: Call, domain: str) -> Answer:
        """The DKIM keys whose records count."""
        await self._require_administrator(call)
        name = (await self.domains.access(domain)).domain
        return json_answer({"keys": [_key(one) for one in await self.dkim_keys.keys(name)]}, content_type=JSON)

    async def prepare_key(self, call: Call, domain: str) -> Answer:
        """Make the next key; ``algorithm`` in a JSON body chooses its kind."""
        await self._require_administrator(call)
        name = (await self.domains.access(domain)).domain
        document = read_json(call.body) if call.body.strip() else {}
        algorithm = document.get("algorithm", RSA) if isinstance(document, dict) else None
        key = await self.dkim_keys.prepare(name, str(algorithm))
        return json_answer(_key(key), 201, content_type=JSON)

    async def advance_keys(self, call: Call, domain: str) -> Answer:
        """Look at DNS now rather than within the hour; then as ``keys``."""
        await self._require_administrator(call)
        await self.dkim_keys.advance()
        return await self.keys(call, domain)

    async def _require_administrator(self, call: Call) -> None:
        viewer = await self.gate.member(call)
        if not viewer.is_administrator:
            raise Forbidden("Only for administrators")


def _key(key: DkimKey) -> dict[str, Any]:
    name, text = key.record
    record = {"name": name, "type": "TXT", "value": text, "zone": zone_line(name, text)}
    since = key.since.isoformat().replace("+00:00", "Z")
    return {"selector": key.selector, "algorithm": key.algorithm, "state": key.state, "since": since, "record": record}


def report_document(report: DomainReport) -> dict[str, Any]:
    """A report as JSON; ``good`` if nothing that is needed is missing or wrong."""
    faulty = [one for one in report.findings if one.state != "ok" and one.record.weight == "needed"]
    return {
        "domain": report.domain,
        "good": not faulty and not report.obstacles,
        "obstacles": list(report.obstacles),
        "records": [_finding(one) for one in report.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    state = {"state": finding.state, "found": list(finding.found), "remark": finding.remark}
    return {**asdict(finding.record), **state}
