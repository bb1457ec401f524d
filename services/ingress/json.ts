/** Parses JSON; what is none gives `undefined`. */
export const parseJson = (body: Buffer | string): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
