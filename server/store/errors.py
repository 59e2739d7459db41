"""What can go wrong between Bedside and its database, each with a name and a sentence that says what to do.

StoreError
├── BadUrl              the address is not one of ``sqlite:///path`` or ``postgresql://…``
├── Unavailable         the database cannot do it now; the same again may work later
│   ├── NotReachable    nothing answers there, or it does not let us in
│   └── Busy            another process kept the SQLite file locked for longer than we wait
├── UnsafeCommit        the database may acknowledge a commit that a power cut undoes
├── Held                another server runs on this database
├── SchemaTooNew        a newer Bedside has migrated this database
└── ArchiveError
    ├── BadArchive      a file of the archive is missing, cut short or changed
    └── NotEmpty        the place to restore into already holds data

devices.evaluation_log.LeaseLost is the worker's own error: the store only raises it.
"""

from server.grouped import Outage


class StoreError(Exception):
    """The database cannot be used as asked."""


class BadUrl(StoreError):
    """The database's address cannot be understood."""


class Unavailable(StoreError, Outage):
    """The fault is the database's and may pass: nothing is wrong with what was asked."""


class NotReachable(Unavailable):
    """The database does not answer, or refuses us."""


class UnsafeCommit(StoreError):
    """A commit of this database may be lost after it was acknowledged."""


class Held(StoreError):
    """Another server runs on this database."""


class SchemaTooNew(StoreError):
    """The database was migrated by a newer Bedside."""


class Busy(Unavailable):
    """Another process holds the database's write lock."""


class ArchiveError(StoreError):
    """A backup cannot be restored."""


class BadArchive(ArchiveError):
    """The archive is not whole, or not ours."""


class NotEmpty(ArchiveError):
    """The place to restore into already holds data."""
