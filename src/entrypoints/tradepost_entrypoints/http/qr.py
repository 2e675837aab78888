"""QR codes, drawn here so that no secret goes to somebody else's service to be drawn."""

import segno


def qr_svg(text: str) -> str:
    """The text as a QR code: an SVG document to put into a page as it is. 15% of it may be dirty (level M)."""
    return segno.make(text, error="m", micro=False).svg_inline(scale=4, border=4, dark="#000", light="#fff")
