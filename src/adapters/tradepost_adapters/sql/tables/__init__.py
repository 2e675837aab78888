"""The tables, one module a feature. Schema-less names: on Postgres the connection's `search_path` says where they live."""

import importlib
import pkgutil

from sqlalchemy import MetaData

# Every constraint has a name, the same on both databases, so that a violation can be told apart and a migration can
# drop what another one made. A CHECK is given its own short name: CheckConstraint(…, name="available").
NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

metadata = MetaData(naming_convention=NAMING)


def whole_metadata() -> MetaData:
    """`metadata` with the tables of every feature in it, however few of them were imported so far."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return metadata
