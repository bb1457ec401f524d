import { expect, it } from "vitest"
import { builtInPrices, configurationOf, recordVirtually } from "./testing/virtual-record.ts"
import { readRecording, whatIf } from "./what-if.ts"
import { differencesOf } from "./check-of-itself.ts"
import { modelProviders } from "./provider-model.ts"
const signal = new AbortController().signal
const onProgress = () => undefined
const q = { queueSize: 50, queueTimeoutMs: 10_000 }
const cases: Record<string, any> = {
  steps: { configurations: [[0, configurationOf([{ id: "a", concurrency: 30 }], q)]], providers: { a: { concurrency: { steps: [{fromS:0, level: 20},{fromS:200, level:10},{fromS:400, level:25}] } } }, perSecond: 7 },
  noise: { configurations: [[0, configurationOf([{ id: "a", concurrency: 15 }], q)]], providers: { a: { concurrency: 20, noise: 0.03 } }, perSecond: 5 },
  rpmtold: { configurations: [[0, configurationOf([{ id: "a", concurrency: 30 }], q)]], providers: { a: { requests: { perMinute: 200, told: true } } }, perSecond: 4 },
  rpmuntold: { configurations: [[0, configurationOf([{ id: "a", concurrency: 30 }], q)]], providers: { a: { requests: { perMinute: 200, told: false } } }, perSecond: 4 },
  outage: { configurations: [[0, configurationOf([{ id: "a", concurrency: 20 }, {id: "b", concurrency: 5}], q)]], providers: { a: { outages: [{fromS: 100, forS: 60},{fromS: 300, forS: 30, answers: "connection"}] }, b: {} }, perSecond: 6 },
  adaptive: { configurations: [[0, configurationOf([{ id: "a", concurrency: "adaptive" }], q)]], providers: { a: { concurrency: 20 } }, perSecond: 8 },
  change: { configurations: [[0, configurationOf([{ id: "a", concurrency: 10 }], q)],[300, configurationOf([{ id: "a", concurrency: 18 }], q)]], providers: { a: { concurrency: 15 } }, perSecond: 6 },
  leaving: { configurations: [[0, configurationOf([{ id: "a", concurrency: 10 }], q)]], providers: { a: { concurrency: 15 } }, perSecond: 5, demand: (n: number) => n % 10 === 0 ? { leavesAfterMs: 2500 } : n % 10 === 1 ? { deadlineMs: 4000 } : {} },
}
it.each(Object.keys(cases))("%s", async (name) => {
    const log = await recordVirtually({ seconds: 600, ...cases[name] })
    const recording = await readRecording(log, { wanted: {fromMs:null,toMs:null}, signal, onProgress })
    console.log(JSON.stringify([...modelProviders(recording.attempts).values()].map(m=>({...m, crowded:m.crowded.length, noise:m.noise.length, rates: m.rates.map(r=>[r.kind, r.rule, r.mistakes, r.unexplained.size, r.rejections.length]), episodes: m.episodes.map(e=>[(e.fromMs-recording.span.fromMs)/1000,(e.toMs-recording.span.fromMs)/1000,e.most,e.answers.length]), concurrency: m.concurrency.map(s=>[(s.fromMs-recording.span.fromMs)/1000,s.limit])}))))
    const [[, other]] = cases[name].configurations
    for (const seed of [1,2,3]) {
    const c = await whatIf({ recording, other, prices: builtInPrices, seed, signal, onProgress })
    const s = (o: any) => JSON.stringify([o.completed, o.codes, "attempts", o.attempts, "429", o.rejections, o.waits, o.costNanoUsd/1e9, o.channels[0].meanInFlight, o.channels[0].utilization])
    console.log(name, seed, "\n", s(c.recorded), "\n", s(c.again), "\n", JSON.stringify(differencesOf(c.recorded, c.again)))
    }
    expect(1).toBe(1)
})
