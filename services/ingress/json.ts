/** Parses a body; one that is no JSON gives `undefined`. */
export const parseJson = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
