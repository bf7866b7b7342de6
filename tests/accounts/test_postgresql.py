"""Accounts and users are kept in PostgreSQL as they are in memory. Skipped where its server is not installed."""

from tests.accounts import (
    test_app_passwords,
    test_contracts,
    test_directory,
    test_proofs,
    test_rules,
    test_users,
)
from tests.support.postgresql import OnPostgresql


class ContractOnPostgresql(OnPostgresql, test_contracts.RowsDirectoryTests):
    """The same promises."""


class DirectoryOnPostgresql(OnPostgresql, test_directory.DirectoryTests):
    """The same promises."""


class UsersOnPostgresql(OnPostgresql, test_users.UsersTests):
    """The same promises."""


class MailServerOnPostgresql(OnPostgresql, test_rules.MailServerTests):
    """The same promises."""


class MailAccountOnPostgresql(OnPostgresql, test_rules.MailAccountTests):
    """The same promises."""


class UserOnPostgresql(OnPostgresql, test_rules.UserTests):
    """The same promises."""


class ProofsContractOnPostgresql(OnPostgresql, test_contracts.RowsProofsTests):
    """The same promises."""


class AppPasswordsOnPostgresql(OnPostgresql, test_app_passwords.AppPasswordTests):
    """The same promises."""


class CertificatesOnPostgresql(OnPostgresql, test_proofs.CertificateTests):
    """The same promises."""
