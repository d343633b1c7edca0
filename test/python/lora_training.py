"""Reference runs of LoRA training: ten AdamW steps of an adapter in PyTorch with peft, float32, on the CPU.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r test/python/requirements.txt
    /tmp/venv/bin/python test/python/lora_training.py [--shared ../shared] [--model stories260K ...]

It writes test/fixtures/lora-MODEL.json for each model of CASES, which our own training is compared with, step by step.
Running it again gives the same files. Batches, optimiser, clipping and learning rates are those of adamw_reference.py,
the peak apart: adapters take larger steps.

A begins with values that both sides make of the module's name (initial_a), B with zero, as peft begins. The adapter has
no dropout here, and the base none either (eval mode; the base is frozen, the adapter's gradients are the same).
"""

import argparse
import json
import math
from pathlib import Path

import peft
import torch
import transformers

from adamw_reference import BETAS, EPS, MAX_NORM, TOTAL, WARMUP, WEIGHT_DECAY, batch_loss, make_batches

PEAK = 5e-3
CASES = {
    "stories260K": {"r": 4, "lora_alpha": 8, "use_rslora": False, "target_modules": ["q_proj", "v_proj"]},
    "llama3-rope": {"r": 8, "lora_alpha": 4, "use_rslora": True, "target_modules": "all-linear"},
    # a rank that is no multiple of 4
    "qwen2": {"r": 6, "lora_alpha": 6, "use_rslora": False, "target_modules": "all-linear"},
    # grouped keys, a window; norms of queries and keys
    "mistral": {"r": 8, "lora_alpha": 16, "use_rslora": False, "target_modules": "all-linear"},
    "qwen3": {"r": 4, "lora_alpha": 8, "use_rslora": True, "target_modules": ["q_proj", "k_proj", "o_proj", "gate_proj", "down_proj"]},
    "gemma2": {"r": 4, "lora_alpha": 8, "use_rslora": False, "target_modules": "all-linear"},
    "olmo2": {"r": 4, "lora_alpha": 8, "use_rslora": False, "target_modules": "all-linear"},
    # layers that are fused in one tensor: one after the other, head by head, and transposed
    "phi3": {"r": 4, "lora_alpha": 8, "use_rslora": False, "target_modules": "all-linear"},
    "gpt-neox": {"r": 4, "lora_alpha": 8, "use_rslora": False, "target_modules": "all-linear"},
    "gpt2": {"r": 4, "lora_alpha": 8, "use_rslora": False, "target_modules": "all-linear"},
}


def learning_rate(step: int) -> float:
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    return PEAK * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (TOTAL - WARMUP)))


def initial_a(name: str, shape: torch.Size) -> torch.Tensor:
    """Numbers in -1 / sqrt(inputs) ... 1 / sqrt(inputs) that follow from the tensor's name and the element's place."""
    start = sum((i + 1) * ord(letter) for i, letter in enumerate(name))
    places = torch.arange(shape.numel(), dtype=torch.float64)
    share = ((places * 7919 + start) % 2003) / 2003
    return ((2 * share - 1) / math.sqrt(shape[1])).float().reshape(shape)


def run(shared: Path, name: str, out: Path) -> None:
    if name == "stories260K":
        weights, golden = "models/stories260K/hf", "golden/stories260K.json"
    else:
        weights, golden = f"models/tiny-random/{name}", f"models/tiny-random/{name}.golden.json"
    base = transformers.AutoModelForCausalLM.from_pretrained(
        shared / weights, dtype=torch.float32, attn_implementation="eager"
    )
    settings = CASES[name]
    model = peft.get_peft_model(base, peft.LoraConfig(task_type="CAUSAL_LM", bias="none", **settings))
    model.eval()
    trained = {
        key.replace(".default.", "."): value for key, value in model.named_parameters() if value.requires_grad
    }
    with torch.no_grad():
        for key, value in trained.items():
            if "lora_A" in key:
                value.copy_(initial_a(key, value.shape))
    before = {key: value.detach().double().clone() for key, value in trained.items()}

    cases = json.loads((shared / golden).read_text())["cases"]
    batches = make_batches([case for case in cases if "/" not in case["name"]])
    optimizer = torch.optim.AdamW(list(trained.values()), lr=0.0, betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY)
    steps = []
    for t, rows in enumerate(batches):
        optimizer.param_groups[0]["lr"] = learning_rate(t)
        optimizer.zero_grad()
        loss, tokens = batch_loss(model, rows)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(trained.values()), MAX_NORM)
        optimizer.step()
        steps.append({"lr": learning_rate(t), "loss": loss.item(), "loss_tokens": tokens, "grad_norm": norm.item(), "rows": rows})
        print(f"{name} step {t}: loss {loss.item():.6f}  grad norm {norm.item():.6f}")

    parameters = {}
    for key, value in trained.items():
        values = value.detach().double()
        # The norm does not tell places apart; a sum with one weight for each does.
        order = torch.arange(values.numel(), dtype=torch.float64).remainder(97).reshape(values.shape) / 97
        parameters[key] = {
            "l2": values.norm().item(),
            "moved": (values - before[key]).norm().item(),
            "weighted": (values * order).sum().item(),
        }
    result = {
        "model": name,
        "made_with": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__},
        "lora": settings,
        "schedule": {"peak": PEAK, "warmup": WARMUP, "total": TOTAL},
        "steps": steps,
        "parameters": parameters,
    }
    out.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(f"wrote {out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parent
    parser.add_argument("--shared", type=Path, default=here.parents[2] / "shared")
    parser.add_argument("--model", nargs="*", default=list(CASES), choices=list(CASES))
    options = parser.parse_args()
    torch.set_num_threads(1)  # one order of summation
    torch.use_deterministic_algorithms(True)
    for name in options.model:
        run(options.shared, name, here.parent / "fixtures" / f"lora-{name.lower()}.json")


if __name__ == "__main__":
    main()
