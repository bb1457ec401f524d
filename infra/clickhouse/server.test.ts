import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"
import { expect, test } from "vitest"
import { connectToServer } from "./server.ts"

test("the pieces of a block go to a server as one body", async () => {
  const bodies: Array<Buffer> = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    bodies.push(await buffer(request))
    response.end("Ok.\n")
  }
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1")
  await once(server, "listening")
  const engine = await connectToServer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const rows = Array.from({ length: 300 }, (_, piece) => Buffer.alloc(piece, piece % 256))
  await engine.insert({ table: "usage", into: "INSERT INTO usage", as: "FORMAT Native", rows })
  await engine.close()
  server.close()
  expect(bodies.at(-1)).toEqual(Buffer.concat(rows))
})
