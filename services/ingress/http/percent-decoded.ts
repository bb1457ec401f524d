/** Undoes the percent encoding of a text; `undefined` where it makes no sense. */
export const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
