"""Inverse frequencies of transformers' rotary scalings, for rope-frequencies.test.ts.

    /tmp/venv/bin/python test/python/rope_reference.py

writes test/fixtures/rope.json: for each config its frequencies (float32, as transformers computes them) and the factor
that cosines and sines are multiplied by. Running it again gives the same file.
"""

import json
from pathlib import Path

import transformers
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

BASE = {"hidden_size": 256, "num_attention_heads": 4, "max_position_embeddings": 32768}
SCALINGS = [
    {"rope_type": "linear", "factor": 2.5, "rope_theta": 10000.0},
    {
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
        "rope_theta": 500000.0,
    },
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8192, "rope_theta": 1000000.0},
    {
        "rope_type": "yarn",
        "factor": 40.0,
        "original_max_position_embeddings": 4096,
        "rope_theta": 10000.0,
        "beta_fast": 16,
        "beta_slow": 2,
        "mscale": 0.707,
        "mscale_all_dim": 1.0,
    },
    {
        "rope_type": "yarn",
        "factor": 8.0,
        "original_max_position_embeddings": 4096,
        "rope_theta": 150000.0,
        "truncate": False,
        "attention_factor": 1.25,
    },
    # transformers takes the context for a context that is not named
    {"rope_type": "yarn", "factor": 2.0, "rope_theta": 10000.0},
]


def main() -> None:
    cases = []
    for scaling in SCALINGS:
        config = transformers.LlamaConfig(**BASE, rope_parameters=dict(scaling))
        frequencies, factor = ROPE_INIT_FUNCTIONS[scaling["rope_type"]](config)
        cases.append({"rope_parameters": scaling, "frequencies": frequencies.tolist(), "attention_factor": factor})
    out = Path(__file__).resolve().parent.parent / "fixtures" / "rope.json"
    result = {"made_with": {"transformers": transformers.__version__}, "config": BASE, "cases": cases}
    out.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
