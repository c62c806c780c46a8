"""The one error of this package."""

from __future__ import annotations


class GS1Error(ValueError):
    """What was given breaks a GS1 rule, or cannot be drawn as asked. The message is a sentence for a person.

    `code` names the rule for programs: the name that the GS1 Barcode Syntax Tests give it where they have one
    (`INCORRECT_CHECK_DIGIT`), else one in the same style (`UNKNOWN_AI`).
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
