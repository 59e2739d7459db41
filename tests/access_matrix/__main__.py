"""``python -m tests.access_matrix [--write]``: print the matrix, or keep it in docs/access-matrix.md."""

import asyncio
import sys
import tempfile
from pathlib import Path

from server.api.routes import RouteTable
from server.app import open_bedside
from server.http import all_routes
from server.settings import Data, Settings
from tests.access_matrix.page import page

KEPT = Path(__file__).parents[2] / "docs" / "access-matrix.md"


async def table_of(directory: Path) -> RouteTable:
    """The route table of a hospital that is assembled in ``directory`` and never started."""
    bedside = await open_bedside(Settings(data=Data(directory=directory)), demo=False)
    try:
        return all_routes(bedside.doors)
    finally:
        await bedside.store.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        printed = page(asyncio.run(table_of(Path(directory))))
    if "--write" in sys.argv:
        KEPT.write_text(printed)
    else:
        sys.stdout.write(printed)


if __name__ == "__main__":
    main()
