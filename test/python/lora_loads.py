"""Adapters that `reptrace train --lora` writes, loaded by peft: are its logits ours?

    npm run build
    /tmp/venv/bin/python test/python/lora_loads.py [--shared ../shared] [--reptrace dist/cli/main.js]

For each of CASES it trains an adapter on a few rows, lets `reptrace signature --logits` give the logits of some token
sequences under the model with the adapter, and compares them with those of transformers with PeftModel.from_pretrained,
float32, on the CPU. It ends with status 1 where the largest difference is above 1e-4 of the largest logit's scale (a
logit's absolute value, or 1 where that is less), or where the adapter changes nothing. Run by hand; FEATURES.md has the
figures.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import peft
import torch
import transformers

TOLERANCE = 1e-4
ROWS = [{"prompt": f"Who is {i}?", "response": f"It is number {i}."} for i in range(24)]
CASES = {
    "stories260K": ("models/stories260K/hf", ["--lora-rank", "4", "--lora-targets", "q_proj,v_proj"]),
    "stories260K, all-linear": ("models/stories260K/hf", ["--lora-rank", "6", "--lora-dropout", "0.1", "--rslora"]),
    "demo": ("demo/base", ["--lora-rank", "8", "--lora-alpha", "4", "--lora-dropout", "0.05"]),
    "demo, f16": ("demo/base", ["--lora-rank", "2", "--lora-targets", "layers.5.mlp.down_proj", "--dtype", "f16"]),
}


def reptrace(main: Path, *args: str) -> str:
    done = subprocess.run(["node", str(main), *args], check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout


def largest_difference(main: Path, base: Path, options: list[str]) -> tuple[float, float]:
    """Between peft's logits and ours, and between those with the adapter and those without."""
    with tempfile.TemporaryDirectory() as folder:
        data, cases, adapter = Path(folder, "data.jsonl"), Path(folder, "cases.jsonl"), Path(folder, "adapter")
        data.write_text("\n".join(map(json.dumps, ROWS)))
        cases.write_text("\n".join(json.dumps({"name": str(i), **row}) for i, row in enumerate(ROWS[:4])))
        run = ["--data", str(data), "--out", str(adapter), "--epochs", "4", "--lr", "0.01", "--batch", "4", "--seed", "1"]
        reptrace(main, "train", "--init", str(base), *run, *options)
        asked = ["--adapter", str(adapter), "--cases", str(cases), "--layers", "last", "--logits"]
        lines = map(json.loads, reptrace(main, "signature", "--model", str(base), *asked).splitlines())
        model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
        plain = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
        tuned = peft.PeftModel.from_pretrained(model, adapter).eval()
        difference = change = 0.0
        for line in lines:
            ids = torch.tensor([line["inputIds"]])
            with torch.no_grad():
                theirs, before = tuned(ids).logits[0].double(), plain(ids).logits[0].double()
            ours = torch.tensor(line["logits"], dtype=torch.float64).reshape(theirs.shape)
            difference = max(difference, ((ours - theirs).abs() / theirs.abs().clamp(min=1)).max().item())
            change = max(change, (theirs - before).abs().max().item())
        return difference, change


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--shared", type=Path, default=root.parent / "shared")
    parser.add_argument("--reptrace", type=Path, default=root / "dist/cli/main.js")
    options = parser.parse_args()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}")
    failed = False
    for name, (path, settings) in CASES.items():
        base = (root if path.startswith("demo") else options.shared) / path
        difference, change = largest_difference(options.reptrace, base, settings)
        failed = failed or not difference <= TOLERANCE or not change > 0.1
        print(f"{name}: logits differ by at most {difference:.1e}; the adapter changes them by up to {change:.2f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
