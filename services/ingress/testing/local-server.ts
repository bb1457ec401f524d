import { once } from "node:events"
import type { Server } from "node:http"

/** A server that listens, and closes with its connections. */
export interface LocalServer extends AsyncDisposable {
  readonly url: string
}

/** Lets a server listen on a free port of this machine. */
export const listenLocally = async (server: Server): Promise<LocalServer> => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
