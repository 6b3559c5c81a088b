"""Writes fixture/reference.json: what the reference implementations say of the tiny model that tests/tiny/mod.rs makes.

The numbers in the fixture were written once with torch 2.15, transformers 5.24 and tokenizers 0.23. To write them again:

    python -m venv venv && venv/bin/pip install torch numpy transformers tokenizers
    venv/bin/python crates/embedding/tests/reference.py
"""

import json
from pathlib import Path

import numpy
import torch
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import BertConfig, BertModel

HERE = Path(__file__).parent / "fixture"
POSITIONS = 40
ACTIVATIONS = ["gelu", "gelu_new", "quick_gelu", "relu", "silu"]

TEXTS = [
    "",
    "   \t\n ",
    "铝合金薄板激光焊接的气孔控制",
    "锂离子电池正极材料LiFePO4的回收，成本低于 20 元/kg。",
    "unaffable",
    "UNwanted running, lowest-newer!",
    "Café naïve über Straße",
    "cafe\u0301 e\u0301te\u0301",
    "ＡＢＣ１２３，全角％",
    "乌龙茶“摇青”程度（在线）判断——《规程》【试行】…",
    "24h不间断；-40℃～85℃",
    "CAD/CAM与MES系统对接",
    "a\u0000b\ufffdc\u200bd\u00ade\u0085f",
    "tab\tnew\nline\r\nnbsp\u00a0ideographic\u3000space",
    "line\u2028sep\u2029par\u000bvt",
    "kg/m³与m²，㎡，½，Ⅷ型，①②",
    "한국어 텍스트 한",
    "日本語のテキスト カタカナ",
    "αβγ-Al2O3 ΑΒ",
    "Йод и хлор",
    "İstanbul DŽ ǅ",
    "$100+200=300^2`~|<>",
    "¥500 €300 £20 ￥10",
    "x" * 100,
    "x" * 101,
    "焊" + "接" * 60,
    "low " * 60,
    "[CLSx] (SEP) {MASK}",
    "丽雞\u2f00\u2e80〇",
    "𠀀𪜀𫝀𫠠𬺰",
    "emoji😀🚀水处理👨‍👩‍👧",
    "e-mail: someone@example.org",
    "http://example.org/a?b=c&d=e#f",
    "2D/3D打印、AI+PID控制",
    "steel.welding_laser*mm",
    "1.5mm±0.02；≥99.9%；φ25",
    "水\u0301处\u0308理",
    "ﬁne ﬂow ﬃ",
    "the\u2019s \u2014dash\u2014 \u2013 ‐hyphen",
    "مرحبا عالم",
    "नमस्ते दुनिया",
    "\ue000private\U000f0000use",
    "##able ##ing",
    "“”‘’",
]


def numbers(name, count):
    """Numbers from -1 to 1 that a name stands for: SplitMix64 (Steele, Lea & Flood 2014), seeded by the FNV-1a hash of the name."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) % 2**64
    steps = numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
    z = numpy.uint64(seed) + steps
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    z ^= z >> numpy.uint64(31)
    return (z >> numpy.uint64(40)).astype(numpy.float64) / 2**23 - 1.0


def tensor(name, shape):
    values = numbers(name, int(numpy.prod(shape)))
    if name.endswith("LayerNorm.weight"):
        values = 1.0 + values / 4
    elif name.endswith(".bias"):
        values = values / 8
    elif not name.startswith("embeddings."):
        values = values / 2
    return torch.tensor(values.reshape(shape), dtype=torch.float32)


def model(activation, vocabulary):
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=POSITIONS,
        type_vocab_size=2,
        hidden_act=activation,
        layer_norm_eps=1e-12,
    )
    made = BertModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            parameter.copy_(tensor(name, tuple(parameter.shape)))
    return made


def main():
    path = HERE / "vocab.txt"
    vocabulary = path.read_text(encoding="utf-8").splitlines()
    tokenizers = {
        lower: BertWordPieceTokenizer(vocab=str(path), lowercase=lower) for lower in [True, False]
    }
    for tokenizer in tokenizers.values():
        tokenizer.enable_truncation(POSITIONS)
    tokens = [
        {"text": text, "lower": tokenizers[True].encode(text).ids, "cased": tokenizers[False].encode(text).ids}
        for text in TEXTS
    ]
    vectors = []
    told = [entry for entry in tokens if len(entry["lower"]) > 2][:12]
    for activation in ACTIVATIONS:
        encoder = model(activation, vocabulary)
        for entry in told if activation == "gelu" else told[:2]:
            with torch.no_grad():
                rows = encoder(torch.tensor([entry["lower"]])).last_hidden_state[0]
            for pooling, vector in [("cls", rows[0]), ("mean", rows.mean(0))]:
                vector = torch.nn.functional.normalize(vector, dim=0)
                values = [round(float(value), 7) for value in vector]
                vectors.append(
                    {"text": entry["text"], "activation": activation, "pooling": pooling, "vector": values}
                )
    text = json.dumps({"tokens": tokens, "vectors": vectors}, ensure_ascii=True, indent=None, separators=(",", ":"))
    # A line for each text, so that a change can be read.
    text = text.replace('{"text"', '\n{"text"')
    (HERE / "reference.json").write_text(text + "\n", encoding="ascii")


main()
