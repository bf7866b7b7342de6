"""Certificates and keys are kept in PostgreSQL as they are in memory. Skipped where its server is not installed."""

from tests.certificates import test_certificates, test_contracts, test_rules
from tests.support.postgresql import OnPostgresql


class ContractOnPostgresql(OnPostgresql, test_contracts.RowsSigningKeysTests):
    """The same promises."""


class CertificatesOnPostgresql(OnPostgresql, test_certificates.CertificatesTests):
    """The same promises."""


class RulesOnPostgresql(OnPostgresql, test_rules.CertificateRulesTests):
    """The same promises."""
