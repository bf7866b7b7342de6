"""Sign up, sign in, become an administrator (compat 3.2)."""

from daptinmail.api.actions.entries import Entry, cookie, notify, redirect, store
from daptinmail.api.actions.invocation import Domain, Invocation, Unacceptable, invalid
from daptinmail.api.coercion import MAX_TEXT
from daptinmail.errors import Forbidden, Invalid, Unauthenticated

FORBIDDEN = "http error (403) forbidden and 0 more errors, forbidden"
MIN_PASSWORD = 8


async def sign_up(domain: Domain, call: Invocation) -> list[Entry]:
    """Make a user."""
    name, email, password = call.text("name"), call.text("email"), call.text("password")
    for attribute, value in (("name", name), ("email", email)):
        if not value.strip():
            raise invalid("required", attribute)
        if len(value) > MAX_TEXT:
            raise invalid("max", attribute)
    if not MIN_PASSWORD <= len(password) <= MAX_TEXT:
        raise invalid("min", "password")
    if "passwordConfirm" in call.attributes and call.text("passwordConfirm") != password:
        raise invalid("eqfield", "passwordConfirm")
    try:
        await domain.users.sign_up(name, email, password)
    except Forbidden as error:
        raise Forbidden(FORBIDDEN, cause=error.text) from error
    except Invalid as error:
        raise _in_daptins_words(error) from error
    return [
        notify("Sign-up successful. Redirecting to sign in", typed=True),
        redirect("/auth/signin", 2000, typed=True),
    ]


def _in_daptins_words(error: Invalid) -> Unacceptable:
    for name, what in error.fields.items():
        return invalid(what, name)
    return Unacceptable("validation", error.text)


async def sign_in(domain: Domain, call: Invocation) -> list[Entry]:
    """Get a token."""
    email, password = call.text("email"), call.text("password")
    if not email or not password or len(email) > MAX_TEXT or len(password) > MAX_TEXT:
        raise Unauthenticated("Invalid username or password")
    try:
        token = await domain.users.sign_in(email, password, call.peer)
    except Unauthenticated as error:
        raise Unauthenticated("Invalid username or password", cause=error.cause) from error
    return [
        store("token", token),
        cookie("token", f"{token}; SameSite=Strict"),
        notify("Logged in"),
        redirect("/", 2000),
    ]


async def become_an_administrator(domain: Domain, call: Invocation) -> list[Entry]:
    """Make the caller the first administrator: from this machine, or with the set-up code of the log."""
    if call.viewer.is_guest:
        raise Unauthenticated("Unauthorized")
    try:
        await domain.users.become_administrator(
            call.viewer, call.text("setup_code").strip() or None, call.from_loopback
        )
    except Forbidden as error:
        raise Forbidden(f"Unauthorized: {error.text}", cause=error.cause) from error
    return [redirect("/", 7000), Entry("Restart", None)]
