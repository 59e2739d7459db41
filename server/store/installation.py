"""What this database is: the hospital's own, or the demonstration's."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store.tables import installation, users
from server.store.upsert import upsert


class InstallationQueries:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def fact(self, key: str) -> str | None:
        return await self._connection.scalar(sa.select(installation.c.value).where(installation.c.key == key))

    async def keep(self, key: str, value: str) -> None:
        """Write a fact once; one that stands stays as it is."""
        statement = upsert(self._connection.dialect.name, installation)
        await self._connection.execute(statement, {"key": key, "value": value})

    async def has_staff(self) -> bool:
        return await self._connection.scalar(sa.select(users.c.id).limit(1)) is not None
