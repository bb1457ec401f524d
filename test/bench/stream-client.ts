// node stream-client.ts '<JSON of StreamLoad>': prints the times of every stream as JSON.
import { Client, type Dispatcher } from "undici"
import type { StreamLoad, StreamTimes } from "./stream-load.ts"

const { url, headers, body, streams, chunks, bursts }: StreamLoad = JSON.parse(process.argv[2] ?? "{}")
const clients = Array.from({ length: streams }, () => new Client(url, { pipelining: 1 }))

const textOf = (event: string): unknown =>
  event.startsWith("data: {") ? JSON.parse(event.slice(6)).choices?.[0]?.delta?.content : undefined

/** Sends one request and takes the time of each chunk of text in its answer. */
const stream = (client: Client): Promise<StreamTimes> =>
  new Promise((resolve, reject) => {
    const begin = performance.now()
    const atMs: Array<number> = []
    const decoder = new TextDecoder()
    let text = ""
    let isDone = false
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status) => {
        if (status !== 200) reject(new Error(`a stream was answered with ${status}`))
      },
      onResponseData: (_controller, bytes) => {
        const now = performance.now()
        const events = (text + decoder.decode(bytes, { stream: true })).split("\n\n")
        text = events.pop() ?? ""
        for (const event of events) {
          if (event === "data: [DONE]") isDone = true
          else if (textOf(event)) atMs.push(now)
        }
      },
      onResponseEnd: () => {
        const [first] = atMs
        if (!isDone || atMs.length !== chunks || first === undefined)
          return reject(
            new Error(`a stream of ${atMs.length} chunks ${isDone ? "and its end" : "without its end"}`),
          )
        const gapsMs = atMs.slice(1).map((at, chunk) => at - (atMs[chunk] ?? at))
        resolve({ firstChunkMs: first - begin, gapsMs })
      },
      onResponseError: (_controller, error) => reject(error),
    }
    client.dispatch({ method: "POST", path: "/v1/chat/completions", headers, body }, handler)
  })

// The first burst opens the connections and warms up whoever is asked.
await Promise.all(clients.map(stream))
const times: Array<StreamTimes> = []
for (let burst = 0; burst < bursts; burst++) times.push(...(await Promise.all(clients.map(stream))))
await Promise.all(clients.map((client) => client.close()))
console.log(JSON.stringify(times))
