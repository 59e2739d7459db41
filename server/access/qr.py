"""A text as a QR code (ISO/IEC 18004), drawn by a page or on a terminal. The only file that imports segno."""


def qr_rows(text: str) -> list[str]:
    """Row by row, "1" dark and "0" light, without the quiet zone of four modules that a reader needs around it."""
    import segno  # noqa: PLC0415 – loaded where a code is drawn

    return ["".join("1" if module else "0" for module in row) for row in segno.make_qr(text, error="m").matrix]


def print_qr(text: str) -> None:
    """On standard output, in half blocks."""
    import segno  # noqa: PLC0415

    segno.make(text, error="l").terminal(compact=True)
