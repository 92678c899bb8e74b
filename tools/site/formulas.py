"""A card's formula, written in a line of Unicode, as LaTeX: typeset from the one place it is in."""

from __future__ import annotations

import re

_SUBSCRIPTS = str.maketrans("₀₁₂₃ₖₗᵢⱼ", "0123klij")
_SUPERSCRIPTS = str.maketrans("⁰¹²³ˢ⁻", "0123s-")
_SIGNS = {
    "Σ": r"\sum ", "Π": r"\prod ", "∫": r"\int ", "∂": r"\partial ", "⊙": r"\odot ", "·": r"\cdot ",
    "×": r"\times ", "−": "-", "←": r"\leftarrow ", "φ": r"\varphi ", "ψ": r"\psi ", "π": r"\pi ",
    "α": r"\alpha ", "σ": r"\sigma ", "Δ": r"\Delta ", "′": "'", "‖": r"\|", "…": r"\ldots ",
    "^": r"\hat{}",
}  # fmt: skip
_FUNCTIONS = {"max": r"\max", "softmax": r"\operatorname{softmax}", "mean": r"\operatorname{mean}"}
_WORD = r"(?!max\b)[a-zA-Z]{2,}(?:'s|(?<=s)')?"
_TOKEN = re.compile(
    r"(?P<fraction>∂y/∂[a-zA-Zσ])"
    r"|(?P<argument>arg(?:max|min)_[a-zφ])"
    r"|(?P<indexed>[A-Za-zφψ]_[A-Za-zσ])"
    r"|(?P<below>[₀₁₂₃ₖₗᵢⱼ]+)"
    r"|(?P<above>[⁰¹²³ˢ⁻]+)"
    r"|(?P<function>max\b)"
    rf"|(?P<words>{_WORD}(?:[ -](?:{_WORD}|a(?= \w\w)))*)"
    r"|(?P<other>.)",
    re.DOTALL,
)
# A space beside one of these is theirs already.
_SPACED = set("=+−·⊙×/←, ")


def latex(formula: str) -> list[str]:
    """The formula as LaTeX, cut where a line may be: behind commas outside of brackets.

    Words stay words; a letter is a symbol.
    """
    return ["".join(_one(found) for found in _TOKEN.finditer(part)) for part in _parts(formula)]


def _parts(formula: str) -> list[str]:
    parts, depth = [""], 0
    for sign in formula:
        depth += (sign == "(") - (sign == ")")
        parts[-1] += sign
        if sign == "," and depth == 0:
            parts.append("")
    return [part.strip() for part in parts]


def _one(found: re.Match[str]) -> str:
    text = found.group()
    kind = found.lastgroup
    if kind == "fraction":
        below = _sign(text[-1])
        return rf"\frac{{\partial y}}{{\partial {below}}}"
    if kind == "argument":
        name, letter = text.split("_")
        return rf"\operatorname{{{name}}}_{{{_sign(letter)}}} "
    if kind == "indexed":
        letter, index = text.split("_")
        return f"{_sign(letter)}_{{{_sign(index)}}}"
    if kind == "below":
        return f"_{{{text.translate(_SUBSCRIPTS)}}}"
    if kind == "above":
        return f"^{{{text.translate(_SUPERSCRIPTS)}}}"
    if text in _FUNCTIONS:
        return _FUNCTIONS[text]
    if kind == "words":
        return rf"\text{{ {text} }}"
    if text == " ":
        before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
        return "" if {before, after} & _SPACED else r"\,"
    return _sign(text)


def _sign(text: str) -> str:
    return _SIGNS.get(text, text)
