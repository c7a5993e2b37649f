// What src/packed.mjs unpacks again.

import { execFileSync } from 'node:child_process'

/** @param {Uint8Array} bytes @returns {string} LZMA in base64, with the parameters of src/platform/web/lzma.hpp */
export function pack (bytes) {
  const args = ['--format=raw', '--lzma1=preset=9e,nice=273,depth=1000,lc=3,lp=0,pb=0', '--stdout']
  return execFileSync('xz', args, { input: bytes, maxBuffer: 1 << 27 }).toString('base64')
}
