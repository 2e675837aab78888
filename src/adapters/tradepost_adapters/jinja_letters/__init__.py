"""Letters from Jinja templates, with money, dates and numbers as Babel's locales write them. An extra: `server`."""

from tradepost_adapters.jinja_letters.renderer import JinjaLetters
from tradepost_adapters.jinja_letters.template_folder import TemplatesUnusable

__all__ = ["JinjaLetters", "TemplatesUnusable"]
