/** Logits at every position of one sample: for looking into a model and for tests. Tracing never makes them all. */
import * as linear from '../kernels/linear.ts';
import { packBatch, uploadBatch } from '../model/batch.ts';
import { roundUp4, vocabularyChunks } from '../model/head.ts';
import type { Model } from '../model/model.ts';
import { normForward } from '../model/norms.ts';
import { checkSample, type Sample } from './sample.ts';

/** [positions, vocabSize], row-major. */
export async function allLogits(model: Model, sample: Sample): Promise<Float32Array> {
  checkSample(sample, model.config);
  const scope = model.arena.scope();
  try {
    const { recorder, config } = model;
    const rows = sample.inputIds.length;
    const context = model.context(scope, rows);
    const { x } = await model.forward(context, uploadBatch(recorder, scope, packBatch([sample])));
    const { weights } = model;
    const [normed] = normForward(context, weights.ends.norm, x);
    const all = new Float32Array(rows * config.vocabSize);
    for (let part = 0; part < weights.vocabularyParts; part++) {
      const vocabulary = await weights.head(recorder, part);
      for (const { w, firstId } of vocabularyChunks(vocabulary, rows)) {
        const stride = roundUp4(w.rows);
        const y = scope.take([rows, stride]);
        linear.forward(recorder, { x: normed, w, y, scratch: scope });
        const [logits = new Float32Array()] = await recorder.readFloats([y]);
        scope.give(y);
        for (let row = 0; row < rows; row++) {
          all.set(logits.subarray(row * stride, row * stride + w.rows), row * config.vocabSize + firstId);
        }
      }
    }
    const cap = config.logitSoftcap;
    return cap === null ? all : all.map((logit) => cap * Math.tanh(logit / cap));
  } finally {
    scope.end();
  }
}
