"""What every adapter of a port keeps to: suites to run against your own. They need pytest and pytest-asyncio (`tradepost[testing]`).

A suite is a class of tests over one fixture, which a subclass of yours provides:

    class TestMine(TransactionsContract):
        @pytest.fixture
        async def adapter(self) -> AsyncIterator[TransactionsAdapter]:
            yield MyAdapter()

Where adapters differ in what they can do, the suite has a class attribute for it, to be declared by the subclass.
"""

from pkgutil import iter_modules

import pytest

# So that a failing suite shows the values, as your own tests do.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
