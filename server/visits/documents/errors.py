"""Why a photograph or report is not taken, each with a name.

DocumentError
├── UnknownKind        neither JPEG, PNG, WebP nor PDF, whatever it is called
├── DocumentTooLarge   more bytes, pixels or unpacked content than is taken
├── DocumentBroken     cut short, or not what its first bytes say
├── ActiveDocument     a PDF that runs, fetches or hides something
├── TooManyDocuments   as many as a visit takes are here
└── VisitBegun         what the doctor may have seen is not taken back or changed
"""


class DocumentError(Exception):
    """The root; its sentence may be shown to whoever handed the document in."""


class UnknownKind(DocumentError):
    def __init__(self) -> None:
        super().__init__("Send a photograph (JPEG, PNG, WebP) or a PDF. A HEIC picture has to be saved as JPEG first.")


class DocumentTooLarge(DocumentError):
    pass


class DocumentBroken(DocumentError):
    def __init__(self) -> None:
        super().__init__("The file cannot be read. Take the photograph again, or save the report anew.")


class ActiveDocument(DocumentError):
    def __init__(self, what: str) -> None:
        super().__init__(f"The PDF holds {what}. Print it to a new PDF, or photograph the pages.")


class TooManyDocuments(DocumentError):
    def __init__(self, most: int) -> None:
        super().__init__(f"A visit takes {most} documents. Remove one first.")


class VisitBegun(DocumentError):
    def __init__(self) -> None:
        super().__init__("The visit has begun: what was handed in before it stays as it is.")
