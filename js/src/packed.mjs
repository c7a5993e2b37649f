// Bytes as a string literal that a server's compression makes little more of than of the bytes themselves: base64 cuts bytes into six
// bits, so that what repeats in them is not found again, and costs a third after gzip; this costs a few per thousand.
//
// The 90 most frequent bytes are one printable ASCII character each, the others two: space or `!`, then one of the same 90. Without
// `"`, `\` and `<`, so that any page and any quoting can hold it.

const firstPrefix = 32
const perPrefix = 90

/** Character codes: the two prefixes, then those that stand for something. */
export const alphabet = []
for (let code = firstPrefix; code < 127; ++code) if (code !== 34 && code !== 60 && code !== 92) alphabet.push(code)

/**
 * @param {string} text
 * @param {string} singles 256 characters: `1` for the bytes that are one character
 * @param {number} size bytes
 * @returns {Uint8Array}
 */
export function unpack (text, singles, size) {
  // By character code, three times: alone, after the first prefix, after the second. Typed arrays and no calls in the loop: it runs
  // once, before any compiler of the browser has seen it, within the first `new HybridLoader()`.
  const table = new Uint8Array(3 * 128)
  const used = [0, 0, 0]
  for (let byte = 0; byte < 256; ++byte) {
    const list = singles[byte] === '1' ? 0 : used[1] < perPrefix ? 1 : 2
    table[128 * list + alphabet[2 + used[list]++]] = byte
  }
  const codes = new TextEncoder().encode(text)
  const { length } = codes
  const bytes = new Uint8Array(size)
  let end = 0
  for (let i = 0; i < length; ++i) {
    const code = codes[i]
    if (code > firstPrefix + 1) bytes[end++] = table[code]
    else bytes[end++] = table[128 * (code - firstPrefix + 1) + codes[++i]]
  }
  return bytes
}

/** The other way round, for the build. @param {Uint8Array} bytes @returns {{text: string, singles: string, size: number}} */
export function pack (bytes) {
  const counts = Array.from({ length: 256 }, (_, byte) => ({ byte, count: 0 }))
  for (const byte of bytes) ++counts[byte].count
  counts.sort((a, b) => b.count - a.count || a.byte - b.byte)
  const frequent = new Set(counts.slice(0, perPrefix).map(({ byte }) => byte))
  const texts = []
  const used = [0, 0, 0]
  let singles = ''
  for (let byte = 0; byte < 256; ++byte) {
    const isSingle = frequent.has(byte)
    const list = isSingle ? 0 : used[1] < perPrefix ? 1 : 2
    singles += isSingle ? '1' : '0'
    texts[byte] = (list ? String.fromCharCode(alphabet[list - 1]) : '') + String.fromCharCode(alphabet[2 + used[list]++])
  }
  return { text: Array.from(bytes, byte => texts[byte]).join(''), singles, size: bytes.length }
}
