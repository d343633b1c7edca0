"""Reference runs of full fine-tuning: ten AdamW steps of a model in PyTorch, float32, on the CPU.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r test/python/requirements.txt
    /tmp/venv/bin/python test/python/adamw_reference.py [--shared ../shared] [--model stories260K]

It reads a model's weights and the token ids of its golden values, and writes one JSON file,
test/fixtures/adamw-MODEL.json, that a training loop of ours is compared with, step by step. Running it again gives
the same file. Models: stories260K, and of SHARED/models/tiny-random: mistral, qwen2, qwen3, llama3-rope.

Batches: four sequences a step, two kinds mixed, none padded.
  response rows  `loss_start` = prompt length: loss on the response tokens only
  plain rows     `loss_start` = 1: loss on every token after the first
Loss of a step: the mean cross-entropy over all loss tokens of the batch (tokens loss_start ... T - 1 of each row,
each predicted by the position before it), not the mean of the rows' means.

Optimiser: torch.optim.AdamW, betas (0.9, 0.95), eps 1e-8, weight decay 0.1 on matrices (the tied embedding
included), 0 on norm weights; gradients clipped to a global norm of 1.0 by torch.nn.utils.clip_grad_norm_.
Learning rate at step t = 0, 1, ... (set before the step is taken):
  t <  warmup: peak * (t + 1) / warmup
  t >= warmup: peak * 0.5 * (1 + cos(pi * (t - warmup) / (total - warmup)))
with peak 1e-3, warmup 3, total 20; only the first ten of the twenty steps are taken.
"""

import argparse
import json
import math
import random
from pathlib import Path

import torch
import transformers

STEPS, BATCH = 10, 4
PEAK, WARMUP, TOTAL = 1e-3, 3, 20
BETAS, EPS, WEIGHT_DECAY, MAX_NORM = (0.9, 0.95), 1e-8, 0.1, 1.0
SEED = 260


def learning_rate(step: int) -> float:
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    return PEAK * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (TOTAL - WARMUP)))


def make_batches(cases: list[dict]) -> list[list[dict]]:
    """Fixed rows from the golden cases: as they are, cut, or with their later tokens shuffled."""
    draw = random.Random(SEED)

    def response_row(step: int) -> dict:
        case = cases[step % len(cases)]
        ids, start = list(case["input_ids"]), case["prompt_length"]
        if step >= len(cases):  # the second time round the response is another one
            response = ids[start:]
            draw.shuffle(response)
            ids[start:] = response
        return {"ids": ids[:160], "loss_start": start}

    def plain_row(length: int) -> dict:
        source = draw.choice([case for case in cases if len(case["input_ids"]) > length])["input_ids"]
        first = draw.randrange(1, len(source) - length + 2)
        return {"ids": source[:1] + source[first : first + length - 1], "loss_start": 1}

    batches = []
    for step in range(STEPS):
        rows = [
            response_row(step),
            response_row(step + 3),
            plain_row(draw.randrange(20, 60)),
            # every third step has a row of two tokens, one of them predicted
            plain_row(2 if step % 3 == 0 else draw.randrange(5, 40)),
        ]
        draw.shuffle(rows)
        batches.append(rows)
    return batches


def batch_loss(model: torch.nn.Module, rows: list[dict]) -> tuple[torch.Tensor, int]:
    total, tokens = torch.zeros(()), 0
    for row in rows:
        ids, start = torch.tensor(row["ids"]), row["loss_start"]
        logits = model(ids[None]).logits[0]
        total = total + torch.nn.functional.cross_entropy(logits[start - 1 : -1], ids[start:], reduction="sum")
        tokens += len(ids) - start
    return total / tokens, tokens


def parameter_summary(before: dict[str, torch.Tensor], model: torch.nn.Module) -> dict[str, dict[str, float]]:
    """For each tensor: its norm, the norm of its change over the run, and the sum of its elements."""
    summary = {}
    for name, parameter in model.named_parameters():
        value = parameter.detach().double()
        summary[name] = {
            "l2": value.norm().item(),
            "moved": (value - before[name]).norm().item(),
            "sum": value.sum().item(),
        }
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parent
    parser.add_argument("--shared", type=Path, default=here.parents[2] / "shared")
    parser.add_argument("--model", default="stories260K")
    options = parser.parse_args()
    if options.model == "stories260K":
        weights, golden = "models/stories260K/hf", "golden/stories260K.json"
    else:
        weights = f"models/tiny-random/{options.model}"
        golden = f"{weights}.golden.json"
    out = here.parent / "fixtures" / f"adamw-{options.model.lower()}.json"

    torch.set_num_threads(1)  # one order of summation
    torch.use_deterministic_algorithms(True)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        options.shared / weights, dtype=torch.float32, attn_implementation="eager"
    )
    model.train()  # the model has no dropout
    cases = json.loads((options.shared / golden).read_text())["cases"]
    cases = [case for case in cases if "/" not in case["name"]]  # those without an adapter
    batches = make_batches(cases)

    before = {name: p.detach().double().clone() for name, p in model.named_parameters()}
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.0, betas=BETAS, eps=EPS)

    steps = []
    for t, rows in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(t)
        optimizer.zero_grad()
        loss, tokens = batch_loss(model, rows)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimizer.step()
        steps.append(
            {
                "lr": learning_rate(t),
                "loss": loss.item(),
                "loss_tokens": tokens,
                "grad_norm": norm.item(),
                "rows": rows,
            }
        )
        print(f"step {t}: lr {learning_rate(t):.3e}  loss {loss.item():.6f}  grad norm {norm.item():.6f}")

    result = {
        "model": options.model,
        "made_with": {"torch": torch.__version__, "transformers": transformers.__version__},
        "optimizer": {"beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS, "weight_decay": WEIGHT_DECAY},
        "max_norm": MAX_NORM,
        "schedule": {"peak": PEAK, "warmup": WARMUP, "total": TOTAL},
        "steps": steps,
        "parameters": parameter_summary(before, model),
    }
    out.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
