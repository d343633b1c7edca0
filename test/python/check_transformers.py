"""Does transformers compute the same logits from a model folder as we do?

    python test/python/check_transformers.py DIR --ours FILE [--tolerance 1e-4]

DIR is a model folder (one that we wrote, or any other), loaded with transformers in float32. FILE holds the JSON
lines of `reptrace signature --logits`, one sample a line, of which these fields are read:
  inputIds      the token ids of the sample
  promptLength  tokens of the prompt, for the report
  logits        the vocabulary's logits at every position, [T][V]
For each line it prints the largest difference, absolute and relative to the largest logit, and whether the greedy
token is the same. Exit code: 0 all within the tolerance (relative), 1 not, 2 the input cannot be compared.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
import transformers

FIELDS = ("inputIds", "promptLength", "logits")


def fail(message: str) -> None:
    print(f"check_transformers: {message}", file=sys.stderr)
    raise SystemExit(2)


def read_samples(path: Path) -> list[dict]:
    samples = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            sample = json.loads(line)
        except json.JSONDecodeError as error:
            fail(f"{path}:{number}: not JSON ({error})")
        if not isinstance(sample, dict) or not all(sample.get(field) for field in FIELDS):
            fail(f"{path}:{number}: needs the fields {', '.join(FIELDS)}; run `reptrace signature` with --logits")
        samples.append(sample)
    if not samples:
        fail(f"{path}: no samples")
    return samples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, metavar="DIR")
    parser.add_argument("--ours", type=Path, required=True, metavar="FILE")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of the largest logit (default 1e-4)")
    options = parser.parse_args()

    samples = read_samples(options.ours)
    if not options.model.is_dir():
        fail(f"{options.model}: no such folder")
    model = transformers.AutoModelForCausalLM.from_pretrained(
        options.model, dtype=torch.float32, attn_implementation="eager", local_files_only=True
    ).eval()

    largest, agree = 0.0, True
    for number, sample in enumerate(samples, start=1):
        with torch.no_grad():
            theirs = model(torch.tensor([sample["inputIds"]])).logits[0].double()
        ours = torch.tensor(sample["logits"], dtype=torch.float64)
        if ours.shape != theirs.shape:
            fail(f"sample {number}: our logits are {list(ours.shape)}, those of transformers {list(theirs.shape)}")
        if not torch.isfinite(ours).all():
            fail(f"sample {number}: our logits are not all finite")
        difference = (ours - theirs).abs().max().item()
        relative = difference / theirs.abs().max().item()
        # a tie within the tolerance may go either way
        best = theirs.max(dim=1).values
        chosen = theirs.gather(1, ours.argmax(dim=1, keepdim=True))[:, 0]
        same = bool((best - chosen <= 2 * options.tolerance * theirs.abs().max()).all())
        print(
            f"sample {number}: {len(ours)} tokens, {sample['promptLength']} of them the prompt, largest difference"
            f" {difference:.3e} ({relative:.3e} of the largest logit), greedy tokens {'agree' if same else 'DIFFER'}"
        )
        largest, agree = max(largest, relative), agree and same

    passed = agree and largest <= options.tolerance
    print(f"{'ok' if passed else 'FAILED'}: largest relative difference {largest:.3e}, tolerance {options.tolerance:g}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
