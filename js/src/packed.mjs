// The module within this file: LZMA in base64, which a server's compression cuts to the size of the LZMA, a sixth less than what it
// makes of the bytes themselves. A small module unpacks it (src/platform/web/wasm/unpack.cpp): JavaScript would still be
// interpreted while it runs this once, and take several times as long.

/** @param {string} text base64 @returns {Uint8Array} */
function bytesOf (text) {
  // Where there is one: the loop would still be interpreted, and take milliseconds.
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text)
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; ++i) bytes[i] = binary.charCodeAt(i)
  return bytes
}

/**
 * @param {string} unpacker the small module, in hexadecimal: what repeats in it is still found
 * @param {string} packed LZMA in base64
 * @param {number} size bytes
 * @returns {Uint8Array}
 */
export function unpack (unpacker, packed, size) {
  const small = Uint8Array.from(unpacker.match(/../g), pair => parseInt(pair, 16))
  const { memory, place, unpack } = new WebAssembly.Instance(new WebAssembly.Module(small)).exports
  const bytes = bytesOf(packed)
  const at = place(bytes.length, size)
  new Uint8Array(memory.buffer).set(bytes, at)
  const result = unpack()
  if (!result) throw new Error('the module was not packed so')
  return new Uint8Array(memory.buffer, result, size)
}
