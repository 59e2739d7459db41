"""Coverage as a picture: three panels of dots in SVG, the promised band behind them."""

from collections.abc import Mapping
from html import escape

WIDTH, HEIGHT, GAP = 300, 220, 50
TOP, LEFT = 40, 50
LOWEST, HIGHEST = 60, 100  # per cent
BAND = (75, 85)
STYLE = """text{font:12px system-ui,sans-serif;fill:#333}.t{font-weight:600}.m{text-anchor:middle}.e{text-anchor:end}
line{stroke:#ddd}rect.band{fill:#d8efe0}circle{fill:#0b6e4f}"""

Shares = Mapping[str, tuple[int, int]]


def drawn(positions: Shares, hours: Shares, days: Shares) -> str:
    """An SVG document."""
    panels = [
        _panel(0, "by others waiting before", positions),
        _panel(1, "by hour", {name.removesuffix(" h"): share for name, share in hours.items()}),
        _panel(2, "on checking in, by the clinic’s day", days),
    ]
    width, height = 3 * (WIDTH + GAP) + LEFT, TOP + HEIGHT + 40
    label = "Share of waits within the predicted 10–90 % range; promised are 75–85 %"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{label}">\n<style>{STYLE}</style>\n<rect width="{width}" height="{height}" fill="#fff"/>\n'
        + "\n".join(panels)
        + "\n</svg>\n"
    )


def _panel(number: int, title: str, shares: Shares) -> str:
    left = LEFT + number * (WIDTH + GAP)
    top, bottom = _y(BAND[1]), _y(BAND[0])
    parts = [
        f'<text class="t" x="{left}" y="20">{escape(title)}</text>',
        f'<rect class="band" x="{left}" y="{top:.1f}" width="{WIDTH}" height="{bottom - top:.1f}"/>',
        *(_level(left, level) for level in range(LOWEST, HIGHEST + 1, 10)),
    ]
    step = WIDTH / max(len(shares), 1)
    for index, (name, (covered, of)) in enumerate(shares.items()):
        x = left + (index + 0.5) * step
        parts.append(f'<circle cx="{x:.1f}" cy="{_y(100 * covered / of):.1f}" r="4"/>')
        parts.append(f'<text class="m" x="{x:.1f}" y="{TOP + HEIGHT + 18}">{escape(name)}</text>')
    return "\n".join(parts)


def _level(left: float, level: int) -> str:
    y = _y(level)
    return (
        f'<line x1="{left}" x2="{left + WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="e" x="{left - 6}" y="{y + 4:.1f}">{level} %</text>'
    )


def _y(share: float) -> float:
    return TOP + HEIGHT * (HIGHEST - min(max(share, LOWEST), HIGHEST)) / (HIGHEST - LOWEST)
