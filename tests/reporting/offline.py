"""Finds what a page would load from elsewhere."""

import re

from bs4 import BeautifulSoup

REMOTE = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
IN_TEXT = re.compile(r"""(?:url\(|@import|\bimport\b|\bfrom\b)[\s"'(]*((?:https?:)?//[^\s"')]+)""")
LOADING = ("src", "srcset", "poster", "data", "xlink:href")


def remote_addresses(html: str) -> list[str]:
    """Addresses that scripts, styles, pictures or imports are loaded from; links may leave."""
    soup = BeautifulSoup(html, "html.parser")
    found = [
        value
        for tag in soup.find_all(True)
        for name, value in tag.attrs.items()
        if isinstance(value, str) and REMOTE.match(value)
        if name in LOADING or (name == "href" and tag.name != "a")
    ]
    texts = [tag.get_text() for tag in soup.find_all(["script", "style"])]
    texts += [tag["style"] for tag in soup.find_all(style=True)]
    return found + [address for text in texts for address in IN_TEXT.findall(text)]
