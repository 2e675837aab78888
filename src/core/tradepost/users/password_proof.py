"""Have somebody who is signed in already show their password again."""

from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.transactions import Transactions
from tradepost.users.passwords import PasswordHasher, normal_password
from tradepost.users.ports import HasUsers


class PasswordProof:
    """Checks a password against that of a user who is known."""

    def __init__(self, transactions: Transactions[HasUsers], hasher: PasswordHasher) -> None:
        self._transactions = transactions
        self._hasher = hasher

    async def prove(self, user_id: str, password: str, pointer: str = "/password") -> str | None:
        """The hash it was right for: whoever goes on in a transaction makes sure there that it still is the user's.
        Raises `user.password_wrong`."""

        async def work(tx: HasUsers) -> str | None:
            return (await tx.users.get(user_id)).password_hash

        current = await self._transactions.run(work)
        if not (await self._hasher.verify(normal_password(password), current)).right:
            sentence = "This is not the password of the account; give the one that is good until now."
            raise Invalid("user.password_wrong", sentence, Fault(pointer, sentence))
        return current
