"""Writes test/fixtures/gguf-quants.json: blocks of every GGUF type that is read, and what PyPI's gguf makes of them.

Run from the repository root: python test/python/gguf_quants.py
"""
import json

import numpy
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as Type
from gguf.quants import dequantize, quantize

# By type: the byte offsets of the binary16 numbers in a block.
HALVES = {
    Type.F16: [0], Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
    Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208],
}
# Those that gguf can also make.
QUANTIZED = [Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0]

random = numpy.random.default_rng(7)


def random_blocks(kind: Type) -> numpy.ndarray:
    """Any bits for the quants; finite scales, subnormal, negative and large ones among them."""
    values, size = GGML_QUANT_SIZES[kind]
    count = 2 if values == 256 else 4 if values == 32 else 64
    if kind in (Type.F32, Type.BF16):
        floats = random.normal(size=count).astype(numpy.float32) * 10.0 ** random.integers(-30, 30, count)
        whole = floats.astype(numpy.float32).view(numpy.uint32)
        return (whole if kind == Type.F32 else (whole >> 16).astype(numpy.uint16)).view(numpy.uint8)
    blocks = random.integers(0, 256, (count, size), dtype=numpy.uint8)
    for offset in HALVES[kind]:
        scales = random.integers(0, 0x7C00, count, dtype=numpy.uint16) | random.integers(0, 2, count, dtype=numpy.uint16) << 15
        blocks[:, offset : offset + 2] = scales.astype(numpy.uint16)[:, None].view(numpy.uint8)
    return blocks.reshape(-1)


def case(kind: Type, made: str, blocks: numpy.ndarray) -> dict:
    values = dequantize(blocks, kind).astype("<f4").reshape(-1)
    assert numpy.isfinite(values).all()
    return {"type": kind.name, "made": made, "bytes": blocks.tobytes().hex(), "float32": values.tobytes().hex()}


cases = [case(kind, "random bits", random_blocks(kind)) for kind in [Type.F32, Type.BF16, *HALVES]]
for kind in QUANTIZED:
    weights = random.normal(scale=0.05, size=64).astype(numpy.float32)
    cases.append(case(kind, "quantised", quantize(weights, kind).view(numpy.uint8).reshape(-1)))
with open("test/fixtures/gguf-quants.json", "w") as file:
    json.dump({"made_with": "gguf 0.17.1, test/python/gguf_quants.py", "cases": cases}, file, indent=1)
    file.write("\n")
print(len(cases), "cases")
