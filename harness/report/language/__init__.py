"""The report in English and in Chinese: its fixed phrases, and the sentences that were recorded in English.

`zh/*.yaml` holds the Chinese. One mechanism serves both kinds of text. gettext would serve the fixed phrases alone: it
looks a text up as a whole, and a recorded sentence holds names and numbers that are known only in the record. So the
catalogues are plain mappings from an English text, with slots such as `{step}`, to a Chinese one.
"""

from harness.report.language.language import CODES, Language, language_of
from harness.report.language.page import in_language

__all__ = ["CODES", "Language", "in_language", "language_of"]
