"""Users of the API."""

from typing import Any

from sqlalchemy import delete, select, update
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from daptinmail.accounts.groups import administrators, groups_of
from daptinmail.accounts.throttle import NAME, Throttle
from daptinmail.accounts.users import Users
from daptinmail.db.configuration import Configuration
from daptinmail.db.schema import user_account
from daptinmail.errors import AlreadyExists, Forbidden, Invalid, RateLimited, Unauthenticated
from daptinmail.interfaces.directory import IUsers, Viewer
from daptinmail.interfaces.storage import ITransaction
from tests.support.accounts import cheap_passwords
from tests.support.events import MemoryEvents
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import StorageCase

PEER = "192.0.2.7"


class UsersTests(StorageCase):
    """Over rows in memory."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage, self.events = self.make_storage(self.clock), MemoryEvents()
        self.configuration = Configuration(self.storage, self.clock)
        self.users = self.make(self.configuration)

    def make(self, configuration: Configuration) -> Users:
        """The users of a server that starts."""
        return Users(
            self.storage,
            cheap_passwords(),
            Throttle(self.clock),
            self.clock,
            CountingIdentifiers(),
            configuration,
            self.events,
            "the set-up code",
        )

    def run_now(self, coroutine: Any) -> Any:
        """The result of a coroutine."""
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def fails(self, coroutine: Any, error: type[Exception]) -> Any:
        """The error of a coroutine."""
        return self.failureResultOf(Deferred.fromCoroutine(coroutine), error).value

    def sign_up(self, email: str = "root@dept.test", password: str = "longpass1") -> None:
        """A new user."""
        self.run_now(self.users.sign_up("Root", email, password))

    def sign_in(self, email: str = "root@dept.test", password: str = "longpass1") -> str:
        """A token."""
        return str(self.run_now(self.users.sign_in(email, password, PEER)))

    def viewer(self, token: str | None) -> Viewer:
        """Who holds it."""
        viewer = self.run_now(self.users.viewer(token, PEER))
        assert isinstance(viewer, Viewer)
        return viewer

    def write(self, statement: Any) -> None:
        """Change rows behind the scenes."""

        def work(transaction: ITransaction) -> None:
            transaction.connection.execute(statement)

        self.successResultOf(self.storage.write(work))

    def test_provides_the_seam(self) -> None:
        """The API may rely on it."""
        verifyObject(IUsers, self.users)

    def test_first_run(self) -> None:
        """Sign up, sign in, become administrator: the next request is an administrator's, with the same token."""
        self.assertFalse(self.run_now(self.users.has_administrator()))
        self.sign_up()
        token = self.sign_in()
        before = self.viewer(token)
        self.assertEqual((before.email, before.is_administrator, before.peer), ("root@dept.test", False, PEER))
        self.run_now(self.users.become_administrator(before, None, True))
        self.assertTrue(self.viewer(token).is_administrator)
        self.assertTrue(self.run_now(self.users.has_administrator()))
        self.assertEqual(self.events.kinds, ["user.created", "user.administrator"])

    def test_guest(self) -> None:
        """Without a token one is a guest."""
        self.assertTrue(self.viewer(None).is_guest)

    def test_new_user_owns_himself(self) -> None:
        """A user is his own owner and a member of users."""
        self.sign_up()
        viewer = self.viewer(self.sign_in())
        query = select(user_account.c.id, user_account.c.user_account_id)
        row = self.successResultOf(self.storage.read(lambda connection: connection.execute(query).one()))
        self.assertEqual(tuple(row), (viewer.user_id, viewer.user_id))
        number = viewer.user_id or 0
        names = self.successResultOf(self.storage.read(lambda connection: groups_of(connection, number)))
        self.assertEqual(set(names), {"users"})
        self.assertEqual(viewer.groups, frozenset(names.values()))

    def test_sign_up_is_checked(self) -> None:
        """Bad fields are named."""
        for field, values in {
            "name": ("", "  ", "a\nb", "x" * 81),
            "email": ("", "root", "root@", "a b@dept.test", "x" * 70 + "@dept.test-x.test", "a@b\r\nX: y"),
            "password": ("", "short77", "x" * 1025),
        }.items():
            for value in values:
                given = {"name": "Root", "email": "root@dept.test", "password": "longpass1", field: value}
                error = self.fails(self.users.sign_up(**given), Invalid)
                self.assertEqual(list(error.fields), [field], value)

    def test_email_is_unique_in_any_case(self) -> None:
        """Two users cannot have one address."""
        self.sign_up()
        self.fails(self.users.sign_up("Other", "ROOT@dept.test", "longpass2"), AlreadyExists)
        self.assertTrue(self.sign_in("Root@DEPT.test"))

    def promote(self) -> None:
        """Somebody is administrator."""
        self.sign_up("boss@dept.test")
        self.run_now(self.users.become_administrator(self.viewer(self.sign_in("boss@dept.test")), None, True))

    def test_sign_up_closes(self) -> None:
        """Once there is an administrator nobody signs up, unless the configuration says so."""
        self.promote()
        self.fails(self.users.sign_up("Late", "late@dept.test", "longpass1"), Forbidden)
        for number, value in enumerate(('"true"', "1", "yes")):
            self.run_now(self.configuration.set("signup.enabled", value))
            self.sign_up(f"late{number}@dept.test")

    def test_sign_in_refused(self) -> None:
        """A wrong password and an unknown user are answered alike."""
        self.sign_up()
        wrong = self.fails(self.users.sign_in("root@dept.test", "wrong", PEER), Unauthenticated)
        unknown = self.fails(self.users.sign_in("nobody@dept.test", "wrong", PEER), Unauthenticated)
        self.assertEqual(str(wrong), str(unknown))

    def test_sign_in_is_slowed(self) -> None:
        """Guessing passwords over HTTP gets slow as well."""
        self.sign_up()
        for _ in range(NAME.free + 1):
            self.fails(self.users.sign_in("root@dept.test", "wrong", PEER), Unauthenticated)
        self.fails(self.users.sign_in("root@dept.test", "longpass1", PEER), RateLimited)

    def test_stale_token(self) -> None:
        """A change of password ends all tokens made before."""
        self.sign_up()
        token = self.sign_in()
        self.write(update(user_account).values(auth_version=2))
        self.fails(self.users.viewer(token, PEER), Unauthenticated)
        self.assertFalse(self.viewer(self.sign_in()).is_guest)

    def test_token_of_a_user_who_is_gone(self) -> None:
        """A valid token makes no user come back."""
        self.sign_up()
        token = self.sign_in()
        self.write(delete(user_account))
        self.fails(self.users.viewer(token, PEER), Unauthenticated)
        count = self.successResultOf(
            self.storage.read(lambda connection: connection.execute(select(user_account)).all())
        )
        self.assertEqual(count, [])

    def test_tokens_outlive_a_restart(self) -> None:
        """The secret is kept in the database."""
        self.sign_up()
        token = self.sign_in()
        self.users = self.make(Configuration(self.storage, self.clock))
        self.assertEqual(self.viewer(token).email, "root@dept.test")

    def test_issuer_and_life_come_from_the_configuration(self) -> None:
        """jwt.token.issuer and jwt.token.life.hours count at once; nonsense means the default."""
        self.sign_up()
        token = self.sign_in()
        issuer = self.run_now(self.configuration.get("jwt.token.issuer"))
        self.assertRegex(issuer, r"\Adaptin-[0-9a-f]{6}\Z")
        self.run_now(self.configuration.set("jwt.token.life.hours", "soon"))
        self.assertEqual(self.viewer(self.sign_in()).email, "root@dept.test")
        self.run_now(self.configuration.set("jwt.token.life.hours", '"1"'))
        short = self.sign_in()
        self.clock.advance(3601)
        self.fails(self.users.viewer(short, PEER), Unauthenticated)
        self.assertFalse(self.viewer(token).is_guest)
        self.run_now(self.configuration.set("jwt.token.issuer", "mail.example.com"))
        self.fails(self.users.viewer(token, PEER), Unauthenticated)

    def test_second_administrator_is_refused(self) -> None:
        """Only the first may make himself administrator; of two that ask at once, one is refused."""
        for email in ("one@dept.test", "two@dept.test"):
            self.sign_up(email)
        one, two = (self.viewer(self.sign_in(email)) for email in ("one@dept.test", "two@dept.test"))
        self.run_now(self.users.become_administrator(one, None, True))
        self.fails(self.users.become_administrator(two, None, True), Forbidden)
        self.fails(self.users.become_administrator(one, None, True), Forbidden)
        found = self.successResultOf(self.storage.read(administrators))
        self.assertEqual(found, [one.user_id])

    def test_guest_cannot_become_administrator(self) -> None:
        """One has to sign in first."""
        self.fails(self.users.become_administrator(Viewer(), "the set-up code", True), Forbidden)

    def test_setup_code(self) -> None:
        """From another machine the first administrator needs the code from the log."""
        self.sign_up()
        viewer = self.viewer(self.sign_in())
        for code in (None, "", "wrong", "the set-up code "):
            self.fails(self.users.become_administrator(viewer, code, False), Forbidden)
        self.run_now(self.users.become_administrator(viewer, "the set-up code", False))
        self.assertTrue(self.run_now(self.users.has_administrator()))

    def test_empty_setup_code_opens_nothing(self) -> None:
        """A server without a set-up code takes none."""
        self.sign_up()
        self.users.setup_code = ""
        self.fails(self.users.become_administrator(self.viewer(self.sign_in()), "", False), Forbidden)

    def test_guessing_the_setup_code_is_slowed(self) -> None:
        """The code cannot be tried at will."""
        self.sign_up()
        viewer = self.viewer(self.sign_in())
        for _ in range(NAME.free + 1):
            self.fails(self.users.become_administrator(viewer, "guess", False), Forbidden)
        self.fails(self.users.become_administrator(viewer, "the set-up code", False), RateLimited)

    def test_secrets_stay_out_of_sight(self) -> None:
        """Neither the set-up code nor the secret of the tokens shows in a log or in the configuration."""
        self.sign_up()
        self.sign_in()
        self.assertNotIn("the set-up code", repr(self.users))
        self.assertNotIn("jwt.secret", self.run_now(self.configuration.all()))
        with capturedLogs() as logged:
            self.fails(self.users.sign_in("longpass1", "", "192.0.2.1"), Unauthenticated)
        self.assertTrue(logged)
        self.assertNotIn("longpass1", repr(self.events.events) + repr(logged))
