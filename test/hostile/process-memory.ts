import { once } from "node:events"
import pidusage from "pidusage"

/** What a process holds. Units: bytes. */
export interface Memory {
  /** Of the heap, after a collection that was forced. */
  readonly heap: number
  /** Resident, as the system counts it. */
  readonly rss: number
}

/** Looks into a process that was started with `--inspect`. */
export interface MemoryProbe extends Disposable {
  /** Collects the garbage and gives what is left. */
  read(): Promise<Memory>
}

/** Opens one; `said` is what the process has written, in which the address of its inspector stands. */
export const openMemoryProbe = async (pid: number, said: string): Promise<MemoryProbe> => {
  const url = /ws:\/\/\S+/u.exec(said)?.[0]
  if (url === undefined) throw new Error(`the process has no inspector: ${said}`)
  const socket = new WebSocket(url)
  await once(socket, "open")
  let calls = 0
  const call = async (method: string): Promise<unknown> => {
    const id = (calls += 1)
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const hear = ({ data }: MessageEvent) => {
      const answer = JSON.parse(String(data)) as { id?: number; result?: unknown }
      if (answer.id !== id) return
      socket.removeEventListener("message", hear)
      resolve(answer.result)
    }
    socket.addEventListener("message", hear)
    socket.send(JSON.stringify({ id, method }))
    return promise
  }
  return {
    read: async () => {
      await call("HeapProfiler.collectGarbage")
      const { usedSize } = (await call("Runtime.getHeapUsage")) as { usedSize: number }
      const { memory } = await pidusage(pid)
      return { heap: usedSize, rss: memory }
    },
    [Symbol.dispose]: () => {
      socket.close()
      pidusage.clear()
    },
  }
}
