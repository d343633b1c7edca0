"""Writes test/fixtures/tokenizer-unicode.json: what every character is to the parts of Hugging Face's tokenizers.

For each class of characters the SHA-256 of its code points as text ("61,62,..."), for each normal form that of what it
makes of every character, alone and between marks. The tables of services/compute/engine/model/tokenizer-unicode.ts are
what a run against JavaScript's own classes showed to differ. Run from the repository root.
"""
import hashlib
import json

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers
from tokenizers.pre_tokenizers import Split

POINTS = [c for c in [*range(1, 0x40000), *range(0xE0000, 0xE1000)] if not 0xD800 <= c <= 0xDFFF]
TEXT = "".join(map(chr, POINTS))


def digest(lines):
    return hashlib.sha256(",".join(lines).encode()).hexdigest()


def kept(step):
    """Code points that are matches of a step that keeps nothing else."""
    return digest(f"{ord(c):x}" for piece, _ in step.pre_tokenize_str(TEXT) for c in piece)


def removed(change):
    return digest(f"{c:x}" for c in POINTS if change(f"q{chr(c)}q") == "qq")


def pattern(source):
    return kept(Split(Regex(source), "removed", True))


def alone(step):
    """Code points that a step splits off."""
    return digest(f"{c:x}" for c in POINTS if len(step.pre_tokenize_str(f"q{chr(c)}q")) > 1)


def form(normalizer):
    texts = (f"q{c}q\u0345{c}\u0334{c}\u0301" for c in map(chr, POINTS))
    return digest(normalizer.normalize_str(text) for text in texts)


off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
out = {
    "made_with": f"tokenizers {tokenizers.__version__}, test/python/tokenizer_unicode.py",
    "patterns": {source: pattern(source) for source in [
        r"\p{L}", r"\p{N}", r"\p{P}", r"\p{S}", r"\p{M}", r"\p{Lu}", r"\p{Ll}", r"\p{Lt}", r"\p{Lm}", r"\p{Lo}", r"\s", r"\d", r"\w"]},
    "punctuation": alone(pre_tokenizers.Punctuation()),
    "digits": alone(pre_tokenizers.Digits()),
    "spaces": alone(pre_tokenizers.WhitespaceSplit()),
    "marks": removed(normalizers.StripAccents().normalize_str),
    "bertMarks": removed(normalizers.BertNormalizer(**{**off, "strip_accents": True}).normalize_str),
    "bertControls": removed(normalizers.BertNormalizer(**{**off, "clean_text": True}).normalize_str),
    "forms": {name: form(getattr(normalizers, name)()) for name in ["NFC", "NFD", "NFKC", "NFKD"]},
    "lowercase": digest(normalizers.Lowercase().normalize_str(f"q{chr(c)}") for c in POINTS),
}
with open("test/fixtures/tokenizer-unicode.json", "w") as file:
    json.dump(out, file, indent=1)
    file.write("\n")
