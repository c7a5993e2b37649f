// Where build.mjs has put its files: P2PML_JS_DIST, or js/dist.

import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const dist = path.resolve(process.env.P2PML_JS_DIST ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '../../dist'))
