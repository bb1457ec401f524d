/** Parses JSON; what is none gives `undefined`. */
export const parseJson = (body: Buffer | string): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Parses the object that stands in the lines of an event; what holds none gives `undefined`. */
export const objectIn = (event: string): unknown =>
  parseJson(event.slice(event.indexOf("{"), event.lastIndexOf("}") + 1))
