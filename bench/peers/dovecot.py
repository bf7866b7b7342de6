"""Debian's Dovecot with a configuration of its own: Maildir, every write synced, as daptinmail's."""

import os
import pwd
import subprocess
from pathlib import Path

from attrs import define, field

from bench.certificate import write_certificate
from bench.client import Address, Security
from bench.peers.peer import PASSWORD, USER
from bench.processes import ServerProcess, free_port

PROGRAM = "/usr/sbin/dovecot"

CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log.txt
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:~/Maildir
mail_fsync = always
mail_max_userip_connections = 0
first_valid_uid = 1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
passdb {{
  driver = passwd-file
  args = {directory}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={directory}/home
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap {{
  process_limit = 2000
}}
service imap-login {{
  {chroot}
  process_limit = 2000
  inet_listener imap {{
    port = {clear}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  {chroot}
  client_limit = 5000
}}
service auth {{
  client_limit = 5000
}}
service stats {{
  {chroot}
  client_limit = 5000
}}
"""


@define(eq=False)
class Dovecot:
    """One login process a connection and one IMAP process a session, as Debian ships it."""

    directory: Path
    name: str = "dovecot"
    login_in_clear: bool = True
    keeps_crlf: bool = False
    maximum: int = 10**7
    process: ServerProcess = field(init=False)
    _tls: int = field(factory=free_port)
    _clear: int = field(factory=free_port)

    def __attrs_post_init__(self) -> None:
        configuration = self.directory / "dovecot.conf"
        self.process = ServerProcess([PROGRAM, "-F", "-c", str(configuration)], self.directory / "out.txt")
        configuration.write_text(self._configuration())
        (self.directory / "users").write_text(f"{USER}:{_hashed(PASSWORD)}\n")
        (self.directory / "home").mkdir()
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.directory / "home", nobody.pw_uid, nobody.pw_gid)
            for directory in (self.directory, self.directory.parent):
                directory.chmod(0o755)

    def _configuration(self) -> str:
        certificate, key = write_certificate(self.directory)
        root = os.getuid() == 0
        mine = pwd.getpwuid(os.getuid()).pw_name
        group = str(os.getgid())
        return CONFIGURATION.format(
            directory=self.directory,
            certificate=certificate,
            key=key,
            internal="dovecot" if root else mine,
            internal_group="dovecot" if root else group,
            login="dovenull" if root else mine,
            owner="nobody" if root else mine,
            group="nogroup" if root else group,
            chroot="" if root else "chroot =",
            clear=self._clear,
            tls=self._tls,
        )

    @property
    def address(self) -> Address:
        """Implicit TLS."""
        return Address(self._tls)

    @property
    def clear(self) -> Address:
        """No TLS."""
        return Address(self._clear, Security.CLEAR)

    def version(self) -> str:
        """As it says itself."""
        done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
        return f"Dovecot {done.stdout.strip()} (Maildir, mail_fsync=always)"

    def start(self) -> None:
        """Serve."""
        self.process.start()
        self.process.wait_for_port(self._tls)

    def maildir(self, mailbox: str) -> Path:
        """In the account's Maildir++ tree."""
        return self.directory / "home" / "Maildir" / f".{mailbox}"

    def adopt(self) -> None:
        """It finds them at the next SELECT."""

    def offer_clear(self, offered: bool) -> None:
        """It always does."""

    def stop(self) -> None:
        """End in order."""
        self.process.stop()


def _hashed(password: str) -> str:
    """With the scheme that ``doveadm pw`` takes when it is not told another."""
    done = subprocess.run(["doveadm", "pw", "-p", password], capture_output=True, text=True, check=True)
    return done.stdout.strip()
