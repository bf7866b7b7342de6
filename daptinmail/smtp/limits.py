"""How much, how long and how often a client may: every bound of the SMTP server in one place."""

from attrs import frozen


@frozen
class Limits:
    """Bounds of one connection. Octets include CRLF where lines are meant; times are seconds."""

    command_line: int = 2048
    """RFC 5321 §4.5.3.1.4 asks for 512; MAIL parameters and long paths need more (RFC 6531 §3.4)."""
    login_line: int = 12288
    """RFC 4954 §4."""
    pipelined: int = 65536
    """Octets of commands that may wait; beyond them the connection is not read (RFC 2920 §3.2)."""
    recipients: int = 100
    """RFC 5321 §4.5.3.1.8."""
    transactions: int = 100
    """MAILMAX of RFC 9422 §4."""
    commands: int = 1000
    """Commands without an accepted message."""
    errors: int = 20
    """Permanent refusals since the last accepted message."""
    login_failures: int = 3
    login_delay: float = 5.0
    """Longest wait before a login over the rate limit is answered."""
    content_size: int = 100 * 1024 * 1024
    """For servers whose row sets no limit."""
    content_line: int = 65535
    """RFC 5321 §4.5.3.1.6 asks for 1000 at least."""
    content_excess: int = 64 * 1024 * 1024
    """What is read and thrown away beyond the size limit before the connection is dropped."""
    content_rate: int = 256
    """Octets a second, on average over one ``content_timeout``."""
    command_timeout: float = 300.0
    """RFC 5321 §4.5.3.2.7."""
    content_timeout: float = 180.0
    """RFC 5321 §4.5.3.2.5."""
    linger: float = 30.0
    """How long a closing connection may take before it is cut."""
