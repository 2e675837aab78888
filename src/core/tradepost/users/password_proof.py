"""Have somebody who is signed in already show their password again."""

from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.transactions import Transactions
from tradepost.users.passwords import PasswordHasher, normal_password
from tradepost.users.ports import HasUsers


class PasswordProof:
    """Checks a password against that of a user who is known. Whoever goes on in a transaction makes sure there that the
    hash still is the user's."""

    def __init__(self, transactions: Transactions[HasUsers], hasher: PasswordHasher) -> None:
        self._transactions = transactions
        self._hasher = hasher

    async def hash_of(self, user_id: str) -> str | None:
        async def work(tx: HasUsers) -> str | None:
            return (await tx.users.get(user_id)).password_hash

        return await self._transactions.run(work)

    async def prove(self, user_id: str, password: str, pointer: str = "/password") -> str | None:
        """The hash it was right for. Raises `user.password_wrong`."""
        current = await self.hash_of(user_id)
        if not (await self._hasher.verify(normal_password(password), current)).right:
            sentence = "This is not the password of the account; give the one that is good until now."
            raise Invalid("user.password_wrong", sentence, Fault(pointer, sentence))
        return current
