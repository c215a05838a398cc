"""The tokens of a condition, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from mdsim.core.errors import Problem
from mdsim.core.spelling import shown


class TokenKind(Enum):
    """What a token is by its letters alone."""

    WORD = "word"
    QUOTED = "quoted"
    OPERATOR = "operator"
    OPEN = "("
    CLOSE = ")"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a condition; ``text`` is without quotes, ``length`` counts them."""

    kind: TokenKind
    text: str
    offset: int
    length: int


class SyntaxProblem(Exception):  # noqa: N818 it carries a problem of the document
    """Reading cannot go on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


_TOKENS = re.compile(
    r"""(?P<blank>\s+)
      | (?P<open>\()
      | (?P<close>\))
      | (?P<operator>[<>=!≤≥≠]+)
      | (?P<quoted>"[^"]*"|'[^']*')
      | (?P<word>[^\s()<>=!≤≥≠"']+)
      | (?P<stray>.)""",
    re.VERBOSE | re.DOTALL,
)
_KINDS = {
    "open": TokenKind.OPEN,
    "close": TokenKind.CLOSE,
    "operator": TokenKind.OPERATOR,
    "quoted": TokenKind.QUOTED,
    "word": TokenKind.WORD,
}


def tokenize(text: str) -> list[Token]:
    """The tokens of a condition, blanks left out.

    Raises:
        SyntaxProblem: a quote is not closed.
    """
    tokens = []
    for found in _TOKENS.finditer(text):
        group = found.lastgroup or "stray"
        if group == "blank":
            continue
        if group == "stray":
            message = f"the quote {shown(found[0])} is never closed"
            problem = Problem("MD030", message, help="close it", offset=found.start(), length=1)
            raise SyntaxProblem(problem)
        kind = _KINDS[group]
        content = found[0][1:-1] if kind is TokenKind.QUOTED else found[0]
        tokens.append(Token(kind, content, found.start(), len(found[0])))
    return tokens


class Cursor:
    """Reads tokens from the left, one or two ahead."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """The next token, or the one after it; None at the end."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def peek_is(self, kind: TokenKind, ahead: int = 0) -> bool:
        """Whether the next token (or the one after it) is of a kind."""
        token = self.peek(ahead)
        return token is not None and token.kind is kind

    def take(self, *kinds: TokenKind) -> Token | None:
        """The next token if it is of one of these kinds."""
        token = self.peek()
        if token is None or token.kind not in kinds:
            return None
        self._at += 1
        return token

    def take_word(self, word: str) -> Token | None:
        """The next token if it is this word."""
        token = self.peek()
        if token is None or token.kind is not TokenKind.WORD or token.text != word:
            return None
        self._at += 1
        return token

    def error(self, code: str, message: str, help_: str, token: Token | None = None) -> SyntaxProblem:
        """An error at a token, or at the next one, or at the last."""
        token = token or self.peek() or (self._tokens[-1] if self._tokens else None)
        if token is None:
            return SyntaxProblem(Problem(code, message, help=help_))
        return SyntaxProblem(Problem(code, message, help=help_, offset=token.offset, length=token.length))
