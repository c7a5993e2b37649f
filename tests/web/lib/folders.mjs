// What the origin of these tests serves besides what those in tests/interop do.

import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..')

export const folders = {
  '/js/': path.resolve(process.env.P2PML_JS_DIST ?? path.join(root, 'js/dist')),
  '/web/': path.join(root, 'tests/web/pages'),
  '/examples/': path.join(root, 'examples/web')
}
