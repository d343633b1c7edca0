/** Progress on stderr: one line that is rewritten in a terminal, a line every few seconds elsewhere. */
import type { TrainingProgress } from '../services/compute/engine/training/run.ts';

const TERMINAL_MS = 100;
const PLAIN_MS = 5000;

export class Progress {
  #shownAt = -Infinity;
  #open = false;
  #shown = '';

  /** Shows `text` unless something was shown a moment ago. */
  show(text: string): void {
    const now = performance.now();
    if (now - this.#shownAt < (process.stderr.isTTY ? TERMINAL_MS : PLAIN_MS)) return;
    this.#shownAt = now;
    this.#shown = text;
    this.#open = process.stderr.isTTY;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[2K${text}` : `${text}\n`);
  }

  /** Shows `text` for good. */
  done(text: string): void {
    if (!this.#open && text === this.#shown) return;
    process.stderr.write(this.#open ? `\r\x1b[2K${text}\n` : `${text}\n`);
    this.#open = false;
  }
}

/** What a training run shows after a step. */
export function trainingLine({
  step,
  totalSteps,
  loss,
  tokensPerSecond,
  etaSeconds,
}: TrainingProgress): string {
  const speed = `${tokensPerSecond.toFixed(0)} tokens/s`;
  return `step ${step}/${totalSteps}  loss ${loss.toFixed(4)}  ${speed}  ${duration(etaSeconds)} left`;
}

/** 75 -> "1m15s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}m${String(whole % 60).padStart(2, '0')}s`
    : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}
