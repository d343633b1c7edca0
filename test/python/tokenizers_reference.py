"""Writes test/fixtures/tokenizers/*.json: small tokenizers of every kind, and the ids that Hugging Face's tokenizers give.

A file holds one model and variants of what stands around it (normalizer, pre-tokenizer, added tokens, post-processor),
as the families have them; a variant has the ids of every text. Run from the repository root:
python test/python/tokenizers_reference.py
"""
import io
import json
import os
import tempfile

import sentencepiece
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers.pre_tokenizers import ByteLevel, Digits, Metaspace, Punctuation, Sequence, Split, Whitespace, WhitespaceSplit

FOLDER = "test/fixtures/tokenizers"

CORPUS = """The quick brown fox jumps over the lazy dog. The dog re-reads the theory, then rests; there they're all right.
Once upon a time there was a little girl who lived in 1984, 2024 and 12345. She said: "I'll be there, don't you see?"
Ça va, naïve café, déjà vu, Ångström, straße, Ελλάδα σοφός ΣΟΦΟΣ, привет мир, 漢字 かな カナ 한국어, שלום עולם, مرحبا, नमस्ते.
def main(argv):\n    return [x ** 2 for x in range(10)]\n\n\tif x == 0x1F: print("hello world")  # it's
1st 2nd 3rd! Wait... what?! (yes) [no] {maybe} <tag> & so on... e-mail@example.com https://example.org/a_b?c=d%20e
""" * 3

TEXTS = [
    "The quick brown fox.",
    "Hello, world!  Two  spaces   three",
    " leading and trailing ",
    "   ",
    "\n\n\tline\r\nbreaks \n \t end\n",
    "1234567 12.5 ²³ ½ ٣ Ⅷ x2y",
    "I'll don't THEY'RE it'S they've 'twas 'ſo ’s",
    "café cafe\u0301 Ångström A\u030a \u1e9b\u0323 ﬁ ﬃ",
    "n\u0303\u0323\u0301 ę\u0301\u0327 q\u0307\u0323",
    "漢字かなカナ한국어 𠀀𪜀 \u2f81a 豈",
    "👩‍👩‍👧 🇩🇪🇫🇷 👍🏽 🙂x",
    "שלום\u200fעולם مرحبا \u202eabc\u202c",
    "नमस्ते ที่นี่ தமிழ் မြန်မာ",
    "a\u0000b\u0001c\u007f\u0085d\ufeffe\u00adf\ufffdg",
    "x" * 120 + "the" * 40,
    "ΣΟΦΟΣ ΟΔΟΣ. İstanbul ǅ ß ẞ",
    "a<s>b </s> <s> x</s></s>\n<|user|> \n hi<|end|>  <|end|>y",
    "<|endoftext|><|endoftext|> a <mask> b<mask>c word wording sword",
    "foo(bar)[0] == {'a': 1}; // ok?! ...—“quotes” $5 +3 ^~|` €",
    "\u3000full\u00a0width\u2003space\u2028line\u180ez",
    "ｆｕｌｌ ｗｉｄｔｈ １２３ ～ ㍿ ﷺ ㋿",
    "▁▁under ▁score <0x41> <unk>",
    "\u088f \U00016ea0\U00016ebb \U00032000 \u0295ʕ \U0001f6d8",
    "",
    " ",
    "\u0301a \u0f71\u0f72\u0f80 \u1100\u1161\u11a8 \u05bc\u05b8",
]

BYTE_LEVEL = dict(decoder=decoders.ByteLevel())
CASES = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = CASES + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
GPT4O = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CASES}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CASES}?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CL100K = r"(?i:'(?:[sdmt]|ll|ve|re))|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"


def token(content, **flags):
    return AddedToken(content, **{"normalized": False, "special": True, **flags})


def split(pattern):
    return Sequence([Split(Regex(pattern), "isolated", False), ByteLevel(add_prefix_space=False, use_regex=False)])


def trained(model, trainer, pre_tokenizer, normalizer=None):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(CORPUS.split("\n"), trainer)
    return json.loads(tokenizer.to_str())["model"]


def sentencepiece_model(kind, vocab_size, rules=None, **options):
    """A model that sentencepiece trained, as its protocol buffer."""
    from transformers.convert_slow_tokenizer import import_protobuf
    out = io.BytesIO()
    options = dict(model_writer=out, model_type=kind, vocab_size=vocab_size, hard_vocab_limit=False,
                   minloglevel=2, num_threads=1, **options)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        for source, target in rules or []:
            code = lambda text: " ".join(f"{ord(c):X}" for c in text)
            file.write(f"{code(source)}\t{code(target)}\n")
        file.flush()
        rule = {"normalization_rule_tsv": file.name} if rules else {"normalization_rule_name": "identity"}
        sentencepiece.SentencePieceTrainer.Train(sentence_iterator=iter(CORPUS.split("\n")), **rule, **options)
    proto = import_protobuf().ModelProto()
    proto.ParseFromString(out.getvalue())
    return proto


def bpe(vocab, merges, **options):
    return json.loads(Tokenizer(models.BPE(vocab, merges, **options)).to_str())["model"]


def with_bos(tokenizer, bos):
    return processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))])


def variant(name, model, added=(), more=(), post=None, **parts):
    """Parts are set as attributes; `more` changes to the model; ids with `post` are with special tokens."""
    document = json.loads(Tokenizer(models.BPE()).to_str())
    document["model"] = {**model, **dict(more)}
    tokenizer = Tokenizer.from_str(json.dumps(document))
    for key, part in parts.items():
        setattr(tokenizer, key, part)
    for one in added:
        (tokenizer.add_special_tokens if one.special else tokenizer.add_tokens)([one])
    if post is not None:
        tokenizer.post_processor = post(tokenizer)
    return name, tokenizer


def tokenizer_ids(tokenizer, text):
    return tokenizer.encode(text).ids


def write(file, model, variants):
    # The many ways to split need no more than some texts.
    texts = TEXTS[:9] + TEXTS[16:19] if file == "words" else TEXTS
    out = []
    first = [tokenizer_ids(variants[0][1], text) for text in texts]
    for name, tokenizer in variants:
        document = json.loads(tokenizer.to_str())
        options = {key: value for key, value in document.pop("model").items() if key not in ("vocab", "merges")}
        for key in ("version", "truncation", "padding"):
            del document[key]
        # null where they are those of the first variant
        ids = [tokenizer_ids(tokenizer, text) for text in texts]
        if out:
            ids = [None if one == same else one for one, same in zip(ids, first)]
        out.append({"name": name, "model": options, **document, "ids": ids})
    made = f"tokenizers {tokenizers.__version__}, sentencepiece {sentencepiece.__version__}, test/python/tokenizers_reference.py"
    shared = {key: model[key] for key in ("vocab", "merges", "scores") if key in model}
    lines = [f'"made_with": {json.dumps(made)}', f'"texts": {json.dumps(texts)}', f'"model": {json.dumps(shared, separators=(",", ":"))}',
             '"variants": [\n' + ",\n".join(json.dumps(one, separators=(",", ":")) for one in out) + "\n]"]
    os.makedirs(FOLDER, exist_ok=True)
    with open(f"{FOLDER}/{file}.json", "w") as stream:
        stream.write("{\n" + ",\n".join(lines) + "\n}\n")
    print(file, len(out), "variants", os.path.getsize(f"{FOLDER}/{file}.json"), "bytes")


def byte_level():
    trainer = trainers.BpeTrainer(vocab_size=420, initial_alphabet=ByteLevel.alphabet(), show_progress=False)
    model = trained(models.BPE(), trainer, ByteLevel(add_prefix_space=False))
    end = [token("<|endoftext|>")]
    words = [token("word", special=False, single_word=True, normalized=True), token("<mask>", lstrip=True)]
    llama = [token("<s>"), token("</s>")]
    return model, [
        variant("GPT-2", model, end + words, pre_tokenizer=ByteLevel(add_prefix_space=False), **BYTE_LEVEL),
        variant("RoBERTa, prefix space", model, llama + [token("<mask>", lstrip=True)], **BYTE_LEVEL,
                pre_tokenizer=ByteLevel(add_prefix_space=True),
                post=lambda t: processors.RobertaProcessing(("</s>", t.token_to_id("</s>")), ("<s>", t.token_to_id("<s>")))),
        variant("GPT-NeoX", model, end, normalizer=normalizers.NFC(), pre_tokenizer=ByteLevel(add_prefix_space=False), **BYTE_LEVEL),
        variant("Llama 3", model, llama, [("ignore_merges", True)], pre_tokenizer=split(LLAMA3), **BYTE_LEVEL,
                post=lambda t: processors.Sequence([processors.ByteLevel(trim_offsets=False), with_bos(t, "<s>")])),
        variant("Qwen 2", model, end, normalizer=normalizers.NFC(), pre_tokenizer=split(QWEN2), **BYTE_LEVEL),
        variant("SmolLM", model, end, **BYTE_LEVEL,
                pre_tokenizer=Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])),
        variant("GPT-4o", model, end, pre_tokenizer=split(GPT4O), **BYTE_LEVEL),
        variant("cl100k", model, end, pre_tokenizer=split(CL100K), **BYTE_LEVEL),
        variant("Falcon", model, end, **BYTE_LEVEL,
                pre_tokenizer=Sequence([Punctuation("contiguous"), ByteLevel(add_prefix_space=False), Digits(), Split(Regex("[0-9][0-9][0-9]"), "isolated", False)])),
    ]


def byte_level_with_gaps():
    """Bytes that the corpus lacks have no token, and nothing stands for them."""
    trainer = trainers.BpeTrainer(vocab_size=260, show_progress=False)
    model = trained(models.BPE(), trainer, ByteLevel(add_prefix_space=False))
    return model, [variant("no unknown token", model, pre_tokenizer=ByteLevel(add_prefix_space=False), **BYTE_LEVEL)]


def sentencepiece_bpe():
    from transformers.convert_slow_tokenizer import generate_merges
    proto = sentencepiece_model("bpe", 440, byte_fallback=True, character_coverage=0.98, split_digits=True)
    vocab = {piece.piece: i for i, piece in enumerate(proto.pieces)}
    merges = generate_merges(vocab, {piece.piece: piece.score for piece in proto.pieces})
    model = bpe(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    model["scores"] = [piece.score for piece in proto.pieces]
    decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    base = [token("<unk>"), token("<s>"), token("</s>")]
    phi3 = [token(text, rstrip=True) for text in ("<|user|>", "<|end|>")]
    legacy = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return model, [
        variant("Llama 2", model, base, normalizer=legacy, decoder=decoder, post=lambda t: with_bos(t, "<s>")),
        variant("Phi-3", model, [*base[:2], token("</s>", rstrip=True), *phi3], normalizer=legacy, decoder=decoder),
        variant("Llama 2, tokens in normalized text", model, [*base, token("<|end|>", special=False, normalized=True)], normalizer=legacy, decoder=decoder),
        variant("Mistral", model, base, pre_tokenizer=Metaspace(prepend_scheme="first", split=False), decoder=decoder),
        variant("Metaspace, always, split", model, base, pre_tokenizer=Metaspace(prepend_scheme="always"), decoder=decoders.Metaspace()),
        variant("Gemma", model, [*base, token("  ", special=False)], normalizer=normalizers.Replace(" ", "▁"),
                pre_tokenizer=Split(" ", "merged_with_previous", False), decoder=decoder),
        variant("unknown tokens one by one", model, base, [("byte_fallback", False), ("fuse_unk", False)], normalizer=legacy, decoder=decoder),
        variant("unknown tokens as one", model, base, [("byte_fallback", False)], normalizer=legacy, decoder=decoder),
    ]


def unigram():
    rules = [("\u2126", "Ω"), ("e\u0301", "é"), ("\u00a0", " "), ("\u3000", " "), ("\r", " "), ("ﬁ", "fi"), ("½", "1\u20442"), ("\t", " "), ("\u200d", ""),
             ("ﷺ", "صلى الله"), ("A\u030a", "Å"), ("㍿", "株式会社"), ("１", "1"), ("q", "q\u0307")]
    proto = sentencepiece_model("unigram", 330, rules, character_coverage=0.98)
    pieces = [[piece.piece, piece.score] for piece in proto.pieces]
    model = json.loads(Tokenizer(models.Unigram([tuple(piece) for piece in pieces], unk_id=0)).to_str())["model"]
    bytes_ = [[f"<0x{byte:02X}>", 0.0] for byte in range(256)]
    precompiled = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    base = [token("<unk>"), token("<s>"), token("</s>")]
    return model, [
        variant("T5", model, base, normalizer=precompiled, pre_tokenizer=Sequence([WhitespaceSplit(), Metaspace()]), decoder=decoders.Metaspace(),
                post=lambda t: processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", t.token_to_id("</s>"))])),
        variant("XLM-R", model, [*base, token("<mask>", lstrip=True)], pre_tokenizer=Metaspace(), decoder=decoders.Metaspace(),
                normalizer=normalizers.Sequence([precompiled, normalizers.Strip(False, True), normalizers.Replace(Regex(" {2,}"), "▁")]),
                post=lambda t: with_bos(t, "<s>")),
        variant("ALBERT", model, base, pre_tokenizer=Metaspace(), decoder=decoders.Metaspace(),
                normalizer=normalizers.Sequence([normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), precompiled])),
        variant("Nmt and NFKC", model, base, normalizer=normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()]), pre_tokenizer=Metaspace(), decoder=decoders.Metaspace()),
    ]


def unigram_bytes():
    model = json.loads(Tokenizer(models.Unigram(
        [("<unk>", 0.0), *[(f"<0x{byte:02X}>", -9.0) for byte in range(256)], ("▁", -2.0), ("the", -3.0), ("▁the", -3.5), ("e", -4.0), ("t", -4.0), ("h", -4.0), ("he", -4.5), ("▁t", -4.0)],
        unk_id=0, byte_fallback=True)).to_str())["model"]
    return model, [variant("bytes for the unknown", model, [token("<unk>")], pre_tokenizer=Metaspace(), decoder=decoders.Metaspace())]


def wordpiece():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=380, special_tokens=special, show_progress=False)
    normalizer = normalizers.BertNormalizer()
    model = trained(models.WordPiece(unk_token="[UNK]"), trainer, pre_tokenizers.BertPreTokenizer(), normalizer)
    base = [token(text) for text in special]
    bert = lambda t: processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    around = dict(pre_tokenizer=pre_tokenizers.BertPreTokenizer(), decoder=decoders.WordPiece())
    return model, [
        variant("BERT, uncased", model, base, normalizer=normalizer, post=bert, **around),
        variant("BERT, cased", model, base, normalizer=normalizers.BertNormalizer(lowercase=False), **around),
        variant("BERT, accents kept", model, base, normalizer=normalizers.BertNormalizer(strip_accents=False, clean_text=False, handle_chinese_chars=False), **around),
        variant("short words, Whitespace", model, base, [("max_input_chars_per_word", 6)], normalizer=normalizers.Lowercase(),
                pre_tokenizer=Whitespace(), decoder=decoders.WordPiece()),
    ]


def words():
    """Every way to split, on a model that has most characters."""
    trainer = trainers.BpeTrainer(vocab_size=230, special_tokens=["<unk>"], show_progress=False)
    model = trained(models.BPE(unk_token="<unk>"), trainer, Whitespace())
    model["unk_token"] = "<unk>"
    ways = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
    pattern = Regex("[aeiou ]")
    splits = [variant(f"{way}, inverted {invert}", model, pre_tokenizer=Split(pattern, way, invert)) for way in ways for invert in (False, True)]
    return model, [
        *splits,
        *[variant(f"Punctuation {way}", model, pre_tokenizer=Punctuation(way)) for way in ways[2:]],
        variant("empty matches", model, pre_tokenizer=Split(Regex("(?=[A-Z])|x*"), "isolated", False)),
        variant("replaced empty matches", model, normalizer=normalizers.Replace(Regex("a*"), "e")),
        variant("delimiter", model, pre_tokenizer=pre_tokenizers.CharDelimiterSplit("e")),
        variant("Digits and Whitespace", model, pre_tokenizer=Sequence([Digits(), Whitespace()])),
        variant("NFD, stripped", model, normalizer=normalizers.Sequence([normalizers.Strip(), normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents(), normalizers.Prepend("a")])),
        variant("boundaries", model, pre_tokenizer=Split(Regex(r"\b\w|\d+$|^\s"), "merged_with_next", False)),
    ]


KINDS = {"byte-level": byte_level, "byte-level-gaps": byte_level_with_gaps, "sentencepiece-bpe": sentencepiece_bpe,
         "unigram": unigram, "unigram-bytes": unigram_bytes, "wordpiece": wordpiece, "words": words}

if __name__ == "__main__":
    for name, make in KINDS.items():
        write(name, *make())
