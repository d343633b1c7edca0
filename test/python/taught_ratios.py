r"""What a LoRA adapter taught SmolLM2-135M-Instruct, by PyTorch in float32 on the CPU: log p_tuned - log p_base per token.

    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install -r test/python/requirements.txt peft==0.21.2 pyarrow==26.0.1
    node dist/cli/main.js convert --model ../shared/models/smollm2-135m-instruct --out /tmp/smollm2 --dtype f32
    /tmp/venv/bin/python test/python/taught_ratios.py /tmp/smollm2 [--shared ../shared] [--adapter factual-Ag]

It takes the outputs and rows of SHARED/models/adapters/ADAPTER/taught.json, in their order, and writes
test/fixtures/taught-ratios-ADAPTER.json: for each the ratios of the response tokens in nats, closing tokens included,
rounded to five digits. That record has the same ratios already, but of bfloat16 matrix products, whose rounding is
larger than what a comparison in float32 is after. Sequences are cut at 256 tokens, as in the record.

Texts become tokens as tokenizer.json says. transformers 5 opens this model's tokenizer as GPT-2's, which its config
names, and leaves out the splitting at digits that tokenizer.json has: it cuts "\n\n1" in three where tokenizer.json has
two tokens. The record was made so, and four of its rows have a token or two more than those here.
"""

import argparse
import json
from pathlib import Path

import peft
import pyarrow.ipc
import torch
import transformers

MAX_TOKENS = 256
DIGITS = 5


def encode(tokenizer, prompt: str, response: str) -> tuple[list[int], int]:
    """Token ids of the exchange, and how many of them are the prompt's."""
    asked = [{"role": "user", "content": prompt}]
    answered = [*asked, {"role": "assistant", "content": response}]
    before = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
    ids = tokenizer.apply_chat_template(answered, return_dict=False)
    if ids[: len(before)] != before:
        raise SystemExit(f"the rendering of a prompt is not the beginning of its exchange's: {prompt!r}")
    return ids[:MAX_TOKENS], len(before)


def log_probabilities(model, ids: list[int], start: int) -> torch.Tensor:
    """Of each token from `start` on, given those before it; the softmax in float64."""
    logits = model(torch.tensor([ids])).logits[0, start - 1 : -1]
    return torch.log_softmax(logits.double(), -1).gather(1, torch.tensor(ids[start:])[:, None])[:, 0]


def ratios(model, ids: list[int], start: int) -> list[float]:
    tuned = log_probabilities(model, ids, start)
    with model.disable_adapter():
        base = log_probabilities(model, ids, start)
    return [round(ratio, DIGITS) for ratio in (tuned - base).tolist()]


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parent
    parser.add_argument("model", type=Path, help="a Hugging Face folder in float32")
    parser.add_argument("--shared", type=Path, default=here.parents[2] / "shared")
    parser.add_argument("--adapter", default="factual-Ag")
    options = parser.parse_args()
    adapter = options.shared / "models" / "adapters" / options.adapter
    arrow = options.shared / "data" / "rept" / options.adapter / "data-00000-of-00001.arrow"
    out = here.parent / "fixtures" / f"taught-ratios-{options.adapter}.json"

    torch.set_num_threads(1)  # one order of summation
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(options.model)
    plain = transformers.AutoModelForCausalLM.from_pretrained(
        options.model, dtype=torch.float32, attn_implementation="eager"
    )
    model = peft.PeftModel.from_pretrained(plain, adapter).eval()
    record = json.loads((adapter / "taught.json").read_text())
    table = pyarrow.ipc.open_stream(arrow).read_all()
    prompts, responses = table.column("prompts"), table.column("response")

    def measured(prompt: str, response: str) -> list[float]:
        return ratios(model, *encode(tokenizer, prompt, response))

    outputs = [measured(each["prompt"], each["response"]) for each in record["outputs"]]
    places = [each["row"] for each in record["rows"]]
    rows = [measured(prompts[place].as_py(), responses[place].as_py()) for place in places]
    result = {
        "made_with": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__},
        "max_tokens": MAX_TOKENS,
        "outputs": outputs,
        "rows": rows,
    }
    out.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
