import pidusage from "pidusage"

const sampleEveryMs = 250

/** The most memory that each of some processes was seen to hold. */
export interface MemoryWatch extends Disposable {
  readonly peakMb: ReadonlyMap<string, number>
}

/** Looks at the resident memory of processes, by name, until it is disposed. */
export const watchMemory = (pids: Readonly<Record<string, number>>): MemoryWatch => {
  const peakMb = new Map<string, number>()
  const names = new Map(Object.entries(pids).map(([name, pid]) => [String(pid), name]))
  let isLooking = false
  const look = async () => {
    if (isLooking) return
    isLooking = true
    const usages = await pidusage([...names.keys()])
    isLooking = false
    for (const [pid, usage] of Object.entries(usages)) {
      const name = names.get(pid) ?? pid
      peakMb.set(name, Math.max(peakMb.get(name) ?? 0, usage.memory / 2 ** 20))
    }
  }
  const onGone = () => undefined
  // A process that has ended is reported by whoever waits for its answers.
  const timer = setInterval(() => void look().catch(onGone), sampleEveryMs)
  return {
    peakMb,
    [Symbol.dispose]: () => {
      clearInterval(timer)
      pidusage.clear()
    },
  }
}
