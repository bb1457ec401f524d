const longestCharacters = 256
const control = /\p{Cc}/u

/** Says what is wrong with a model's name that a caller gives, whatever a pool would make of it; `undefined` where nothing is. */
export const modelNameProblem = (model: string): string | undefined => {
  if (model.length > longestCharacters) return `A model's name has at most ${longestCharacters} characters.`
  return control.test(model) || !model.isWellFormed()
    ? "A model's name holds no control characters."
    : undefined
}
