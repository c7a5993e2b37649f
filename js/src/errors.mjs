// Errors by what whoever hears of one should do about it: base::ErrorCode, as number on the way in and by name on the way out.

export const invalidArgument = 0
export const malformed = 1
export const limitExceeded = 2
export const unavailable = 4
export const internal = 7

const maxDetail = 500

/** What went wrong, as text; whatever was thrown. */
export function detailOf (thrown) {
  let text
  try {
    text = String((thrown && thrown.message) || thrown)
  } catch (error) {
    text = 'something without a text'
  }
  return text.slice(0, maxDetail)
}

/** @returns {Error & {code: string}} of the module's record [code name, detail] */
export function errorOf ([code, detail]) {
  return Object.assign(new Error(detail || code), { code })
}

/** Tells the page of an error of its own callbacks, or of ours, as an uncaught one: never within the call that met it. */
export function report (error) {
  if (typeof reportError === 'function') setTimeout(reportError, 0, error)
  else setTimeout(() => console.error(error), 0)
}
