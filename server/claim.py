"""Whose database this is. The demonstration is made in an empty one only, and never over a hospital."""

from server.store.engine import Store
from server.store.installation import InstallationQueries

KIND, DEMONSTRATION, HOSPITAL = "kind", "demonstration", "hospital"


class NotDemonstrationError(Exception):
    """The database belongs to a hospital: nothing of the demonstration is put into it."""


async def claim(store: Store, *, wanted: bool) -> bool:
    """Is this database the demonstration's? An empty one becomes what is wanted. Raises NotDemonstrationError."""
    async with store.write(InstallationQueries) as tx:
        kind = await tx.fact(KIND)
        if kind is None:
            kind = DEMONSTRATION if wanted and not await tx.has_staff() else HOSPITAL
            await tx.keep(KIND, kind)
    if wanted and kind != DEMONSTRATION:
        raise NotDemonstrationError(
            "the database holds a hospital of its own, not the demonstration. Start it with `bedside serve`, "
            "or give the demonstration another place: BEDSIDE_DATA__DIRECTORY=demo-data make run"
        )
    return kind == DEMONSTRATION
